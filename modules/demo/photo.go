package demo

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"

	"txng/modules/catalog"
)

// photo draws a product's picture: an abstract bowl of fruit in colours that come from the name, plainly no photograph.
func photo(name string) (catalog.Photo, error) {
	h := fnv.New32a()
	h.Write([]byte(name))
	seed := h.Sum32()
	const w, ht = 640, 480
	palette := []color.RGBA{{11, 93, 78, 255}, {183, 121, 31, 255}, {180, 35, 24, 255}, {23, 92, 211, 255}, {6, 118, 71, 255}, {122, 62, 0, 255}}
	main, second := palette[seed%6], palette[(seed/7+1+seed%6)%6]
	img := image.NewRGBA(image.Rect(0, 0, w, ht))
	for y := range ht {
		for x := range w {
			shade := uint8(246 - y/24)
			img.SetRGBA(x, y, color.RGBA{shade, shade, shade - 6, 255})
		}
	}
	disc := func(cx, cy, r int, c color.RGBA) {
		for y := max(0, cy-r); y < min(ht, cy+r); y++ {
			for x := max(0, cx-r); x < min(w, cx+r); x++ {
				if dx, dy := x-cx, y-cy; dx*dx+dy*dy < r*r {
					img.SetRGBA(x, y, c)
				}
			}
		}
	}
	for i := range 7 {
		c := main
		if i%2 == 1 {
			c = second
		}
		disc(170+i*50, 250-int(seed>>(i*3)%40), 62, c)
	}
	bowl := color.RGBA{60, 66, 64, 255}
	for y := 270; y < 400; y++ {
		inset := (y - 270) * (y - 270) / 110
		for x := 110 + inset; x < 530-inset; x++ {
			img.SetRGBA(x, y, bowl)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return catalog.Photo{}, err
	}
	return catalog.Photo{Type: "image/png", Bytes: b.Bytes()}, nil
}
