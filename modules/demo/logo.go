package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strconv"
)

// logo draws the picture of a demonstration province: a leaf of its colour, no emblem of anybody.
func logo(colour string) []byte {
	rgb, err := strconv.ParseUint(colour[min(1, len(colour)):], 16, 32)
	if err != nil {
		rgb = 0x0b5d4e
	}
	fill := color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 255}
	const side = 96
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			left, top, right, bottom := x-6, y-6, x-90, y-90
			inside := right*right+top*top < 84*84 && left*left+bottom*bottom < 84*84
			vein := x+y-side > -4 && x+y-side < 4
			if inside && !vein {
				img.Set(x, y, fill)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // a picture in memory is always written
	}
	return b.Bytes()
}
