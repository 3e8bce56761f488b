package onboarding

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // pictures are read to be made anew
	"image/png"
	"io"
	"sync"

	"txng/tenant"
	"txng/tenant/fault"
)

// Limits of an uploaded picture: of the file in bytes, of its sides in pixels. What is stored of it is tenant.LogoSide long.
const (
	MaxLogo     = 2 << 20
	maxLogoSide = 4000
)

// reading lets one picture be read at a time: two megabytes of file may be 250 in memory.
var reading sync.Mutex

// ReadLogo reads a picture and makes it anew as a PNG of at most 512 pixels a side: what else was in the file (metadata,
// scripts, another format behind the pixels) is gone. It looks at the content, not at the name. Errors: fault.Invalid for
// "logo".
func ReadLogo(r io.Reader) ([]byte, error) {
	refuse := func(format string, args ...any) error {
		return fault.Invalid{{Name: "logo", Message: fmt.Sprintf(format, args...)}}
	}
	b, err := io.ReadAll(io.LimitReader(r, MaxLogo+1))
	if err != nil {
		return nil, fmt.Errorf("read logo: %w", err)
	}
	if len(b) > MaxLogo {
		return nil, refuse("Ảnh lớn quá %d MB. Hãy lưu lại ở cỡ nhỏ hơn.", MaxLogo>>20)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || format != "png" && format != "jpeg" {
		return nil, refuse("Tệp không phải ảnh PNG hoặc JPEG. Ảnh SVG, WebP, GIF hãy lưu lại thành PNG.")
	}
	if config.Width > maxLogoSide || config.Height > maxLogoSide || config.Width < 16 || config.Height < 16 {
		return nil, refuse("Cạnh của ảnh phải từ 16 đến %d điểm ảnh; ảnh này %d × %d.", maxLogoSide, config.Width, config.Height)
	}
	reading.Lock()
	defer reading.Unlock()
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, refuse("Ảnh bị hỏng, không đọc hết được.")
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, shrunk(img)); err != nil {
		return nil, fmt.Errorf("write logo: %w", err)
	}
	return out.Bytes(), nil
}

// shrunk returns the picture with its longer side at most tenant.LogoSide: each pixel is the mean of those that it stands for.
func shrunk(img image.Image) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if longer := max(w, h); longer > tenant.LogoSide {
		w, h = max(1, w*tenant.LogoSide/longer), max(1, h*tenant.LogoSide/longer)
	}
	small := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			from := image.Pt(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h)
			to := image.Pt(b.Min.X+(x+1)*b.Dx()/w, b.Min.Y+(y+1)*b.Dy()/h)
			small.Set(x, y, mean(img, image.Rectangle{Min: from, Max: to}))
		}
	}
	return small
}

// mean returns the mean colour of a part of the picture, which has at least one pixel.
func mean(img image.Image, part image.Rectangle) color.Color {
	var r, g, b, a, n uint64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			pr, pg, pb, pa := img.At(x, y).RGBA()
			r, g, b, a, n = r+uint64(pr), g+uint64(pg), b+uint64(pb), a+uint64(pa), n+1
		}
	}
	return color.RGBA64{uint16(r / n), uint16(g / n), uint16(b / n), uint16(a / n)}
}
