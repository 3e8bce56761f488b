package tenant

import "context"

// A Feature is a part of the product that the operator switches on or off for a tenant. Off hides and refuses; what has
// been recorded stays.
type Feature string

// The features.
const (
	LabelPDF       Feature = "label-pdf"
	API            Feature = "api"
	ScanStatistics Feature = "scan-statistics"
	MemberImport   Feature = "member-import"
)

// Features lists the features with what they are called and what happens without them. Their routes stand in the web kit.
var Features = []struct {
	Feature       Feature
	Name, Without string
}{
	{LabelPDF, "Nhãn tem để in", "Chủ thể không tải được tệp nhãn để in; tem đã in và đợt tem vẫn giữ nguyên."},
	{API, "Kết nối phần mềm (API)", "Phần mềm của chủ thể và khóa API bị từ chối; kết nối đã cấp vẫn giữ nguyên và dùng lại được khi bật."},
	{ScanStatistics, "Thống kê lượt quét", "Trang thống kê lượt quét bị ẩn; lượt quét vẫn được ghi và tem vẫn tra cứu được."},
	{MemberImport, "Mời cán bộ từ tệp", "Danh sách cán bộ không nhập được từ tệp; vẫn mời được từng người."},
}

// Name returns what the feature is called.
func (f Feature) Name() string {
	for _, known := range Features {
		if known.Feature == f {
			return known.Name
		}
	}
	return string(f)
}

// Switch turns a feature of a tenant on or off. The caller writes the audit.
func Switch(ctx context.Context, tx Platform, of ID, f Feature, on bool) error {
	_, err := tx.Exec(ctx, `
		insert into tenant.feature (tenant, feature, enabled, changed_at)
		values ($1, $2, $3, $4)
		on conflict (tenant, feature) do update
		set enabled = excluded.enabled, changed_at = excluded.changed_at`, of, f, on, tx.Now())
	return err
}
