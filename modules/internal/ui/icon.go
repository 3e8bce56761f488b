package ui

import (
	"encoding/xml"
	"fmt"
	"sync"
)

// symbols holds the inner markup of each icon of static/icons.svg by name.
var symbols = sync.OnceValue(func() map[string]string {
	var sprite struct {
		Symbols []struct {
			ID    string `xml:"id,attr"`
			Inner string `xml:",innerxml"`
		} `xml:"symbol"`
	}
	if err := xml.Unmarshal(mustRead("static/icons.svg"), &sprite); err != nil {
		panic(fmt.Errorf("reading icons.svg: %w", err)) // cannot happen in a built binary
	}
	inner := make(map[string]string, len(sprite.Symbols))
	for _, s := range sprite.Symbols {
		inner[s.ID] = s.Inner
	}
	return inner
})

// HasIcon says whether name can be drawn by Icon.
func HasIcon(name string) bool {
	_, ok := symbols()[name]
	return ok
}
