package web

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"time"
)

// savedTime is how long the download of a saved file may take.
const savedTime = 12 * time.Hour

// Saved answers with a file of the disk, which may be of any size: it is sent piece by piece, and a download that broke
// off can go on. The file is opened before the answer begins, so that one that is gone is an error page.
func Saved(name, contentType, path string) (Answer, error) {
	file, err := os.Open(path)
	if err != nil {
		return Answer{}, fmt.Errorf("open the saved file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return Answer{}, fmt.Errorf("look at the saved file: %w", err)
	}
	a := Answer{serve: func(w http.ResponseWriter, r *http.Request) {
		defer file.Close()
		// Where the writer has no deadline to move, the server's own holds.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(savedTime))
		http.ServeContent(w, r, "", info.ModTime(), file)
	}}
	a.body = func(context.Context, io.Writer) error { return nil }
	return a.with("Content-Type", contentType).
		with("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name})), nil
}
