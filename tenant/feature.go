package tenant

import (
	"context"
	"fmt"

	"txng/tenant/fault"
)

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

// Known reports whether there is such a feature.
func (f Feature) Known() bool {
	for _, known := range Features {
		if known.Feature == f {
			return true
		}
	}
	return false
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

// ErrAPIOff is the kind of refusal where a tenant's API is closed; a fault.Forbidden.
var ErrAPIOff = fmt.Errorf("the API is off: %w", fault.Forbidden)

// Offers refuses a feature that the operator has switched off for the tenant: fault.Forbidden. Roles above the tenants,
// whose tenant is the zero value, have all features.
func (t Tenant) Offers(f Feature) error {
	if t.ID == 0 || t.Has(f) {
		return nil
	}
	kind := fault.Forbidden
	if f == API {
		kind = ErrAPIOff
	}
	return fault.Say(kind, "Chức năng “%s” đang tắt với %s. Dữ liệu đã có vẫn giữ nguyên; muốn dùng lại, hãy liên hệ đơn vị vận hành hệ thống.", f.Name(), t.Name)
}

// OffersAPI refuses the API, and with it every way to a token, where the operator has switched it off or the tenant has
// closed it: ErrAPIOff.
func (t Tenant) OffersAPI() error {
	if err := t.Offers(API); err != nil || t.ID == 0 || t.Settings.On(APIAccess) {
		return err
	}
	return fault.Say(ErrAPIOff, "%s đang tắt truy cập qua API. Kết nối đã cấp vẫn giữ nguyên; hãy liên hệ Sở Khoa học và Công nghệ để bật lại.", t.Name)
}
