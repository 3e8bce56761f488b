package label
import ("testing";"bytes";"runtime";"time")
func TestBig(t *testing.T){ var b bytes.Buffer; s:=time.Now(); if err:=WritePDF(&b,A4x24,"x",stamps(20000));err!=nil{t.Fatal(err)}; var m runtime.MemStats; runtime.ReadMemStats(&m); t.Log(b.Len()/1000,"kB",time.Since(s),m.Sys/1e6,"MB sys")}
