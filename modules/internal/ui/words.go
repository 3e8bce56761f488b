package ui

import "context"

// The language of a page, and how it draws icons, travel in the context of rendering: only Public sets them.
type (
	langKey   struct{}
	inlineKey struct{}
)

// asPublic makes components draw icons without the sprite and speak the language of the page.
func asPublic(ctx context.Context, lang string) context.Context {
	return context.WithValue(context.WithValue(ctx, inlineKey{}, true), langKey{}, lang)
}

func drawsInline(ctx context.Context) bool {
	inline, _ := ctx.Value(inlineKey{}).(bool)
	return inline
}

// english holds the words that components themselves bring to public pages.
var english = map[string]string{
	"Đến nội dung chính": "Skip to main content",
	"(không bắt buộc)":   "(optional)",
	"Lỗi:":               "Error:",
	"Có":                 "There are",
	"chỗ cần sửa":        "things to correct",
	"Lịch sử":            "History",
	"Chưa chọn tệp nào":  "No file chosen",
	"Chọn tệp…":          "Choose a file…",
	"Chọn các tệp…":      "Choose files…",
	"Đã xong":            "Done",
	"Đang xử lý":         "In progress",
	"Chưa đến":           "To come",
	"chưa có":            "none yet",
	"Chưa có thay đổi nào được ghi lại.": "No change has been recorded yet.",
}

// word says a component's own Vietnamese words in the language of the page.
func word(ctx context.Context, vietnamese string) string {
	if lang, _ := ctx.Value(langKey{}).(string); lang == "en" {
		if said, ok := english[vietnamese]; ok {
			return said
		}
	}
	return vietnamese
}
