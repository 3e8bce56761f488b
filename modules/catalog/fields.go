package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"txng/modules/internal/audit"
	"txng/modules/internal/vi"
)

// fields are the product's values for the audit.
func (p Product) fields() audit.Fields {
	item := ""
	if p.ListItemID != nil {
		item = "mục số " + strconv.FormatInt(*p.ListItemID, 10)
	}
	return append(audit.Of("Mã GTIN", p.GTIN.Display(), "Tên", p.Name, "Nhãn hiệu", p.Brand, "Mô tả", p.Description, "Xuất xứ", p.Origin,
		"Tiêu chuẩn áp dụng", p.Standard, "Hạn sử dụng", p.ShelfLife, "Thuộc danh mục", item, "Xuất khẩu", yesNo(p.Exported)), p.standing()...)
}

// standing is where the product stands.
func (p Product) standing() audit.Fields {
	return audit.Of("Trạng thái", p.State.status().Word)
}

// photoFields tell one photo from another without keeping it.
func photoFields(p Photo) audit.Fields {
	sum := sha256.Sum256(p.Bytes)
	return audit.Of("Hình ảnh", p.Type+", "+vi.Int(int64(len(p.Bytes)))+" byte, mã SHA-256 "+hex.EncodeToString(sum[:8]))
}
