package catalog

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // photos are read to be checked
	_ "image/png"
	"io"

	"txng/tenant/fault"
)

// MaxPhoto is the largest photo in bytes, and maxSide its longest side in pixels.
const (
	MaxPhoto = 2 << 20
	maxSide  = 8000
)

// Photo is a picture of a product.
type Photo struct {
	Type  string // image/jpeg or image/png
	Bytes []byte
}

// ReadPhoto reads a picture and checks by its content, not its name, that it is a JPEG or PNG of a sensible size.
// Errors: fault.Invalid for "photo".
func ReadPhoto(r io.Reader) (Photo, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxPhoto+1))
	if err != nil {
		return Photo{}, fmt.Errorf("read photo: %w", err)
	}
	if len(b) > MaxPhoto {
		return Photo{}, fault.Invalid{{Name: "photo", Message: "Ảnh lớn quá 2 MB. Hãy chụp lại ở cỡ nhỏ hơn."}}
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || format != "jpeg" && format != "png" {
		return Photo{}, fault.Invalid{{Name: "photo", Message: "Tệp không phải ảnh JPEG hoặc PNG."}}
	}
	if config.Width > maxSide || config.Height > maxSide || config.Width < 16 || config.Height < 16 {
		return Photo{}, fault.Invalid{{Name: "photo", Message: fmt.Sprintf("Cạnh của ảnh phải từ 16 đến %d điểm ảnh.", maxSide)}}
	}
	return Photo{Type: "image/" + format, Bytes: b}, nil
}
