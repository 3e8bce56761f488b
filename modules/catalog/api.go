package catalog

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"txng/authz"
	"txng/modules/internal/web"
	"txng/tenant"
)

// ProductsRequest asks for a page of the products that the asker may see.
type ProductsRequest struct {
	Page  int    `query:"page" minimum:"1" maximum:"100000" default:"1" doc:"Trang, từ 1"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Số sản phẩm mỗi trang"`
	State string `query:"state" enum:"draft,published" doc:"Chỉ sản phẩm ở trạng thái này"`
	Words string `query:"q" maxLength:"200" doc:"Từ trong tên, nhãn hiệu, hoặc GTIN"`
}

// ProductsAnswer is a page of products, newest first.
type ProductsAnswer struct {
	Body struct {
		Total    int         `json:"total" doc:"Số sản phẩm của mọi trang"`
		Page     int         `json:"page"`
		Products []APIRecord `json:"products"`
	}
}

// APIRecord is a product as the API shows it.
type APIRecord struct {
	ID           ProductID    `json:"id,string"`
	Organization tenant.OrgID `json:"organization_id,string"`
	OrgName      string       `json:"organization"`
	GTIN         string       `json:"gtin"`
	Name         string       `json:"name"`
	Brand        string       `json:"brand,omitempty"`
	Origin       string       `json:"origin"`
	Standard     string       `json:"standard,omitempty"`
	ShelfLife    string       `json:"shelf_life,omitempty"`
	Exported     bool         `json:"exported"`
	State        State        `json:"state" enum:"draft,published"`
	Missing      []string     `json:"missing" doc:"Điểm còn thiếu theo khoản 5 Điều 23 Nghị định 37/2026/NĐ-CP"`
	CreatedAt    time.Time    `json:"created_at"`
}

// api registers the module's operations of the API.
func api(a *web.App) {
	web.Ask(a, huma.Operation{
		OperationID: "products", Method: http.MethodGet, Path: "/api/v1/products", Summary: "Sản phẩm trong phạm vi của người hỏi", Errors: []int{422},
	}, authz.CatalogView, func(ctx context.Context, _ *web.Request, tx tenant.Tx, in *ProductsRequest) (*ProductsAnswer, error) {
		l := web.Query{Values: map[string][]string{"state": {in.State}, "q": {in.Words}}, Order: "-created", Limit: in.Limit, Offset: (in.Page - 1) * in.Limit}
		rows, total, err := Search(ctx, tx, l)
		if err != nil {
			return nil, err
		}
		out := &ProductsAnswer{}
		out.Body.Total, out.Body.Page, out.Body.Products = total, in.Page, make([]APIRecord, len(rows))
		for i, p := range rows {
			r := APIRecord{
				ID: p.ID, Organization: p.OrgID, OrgName: p.OrgName, GTIN: string(p.GTIN), Name: p.Name, Brand: p.Brand, Origin: p.Origin,
				Standard: p.Standard, ShelfLife: p.ShelfLife, Exported: p.Exported, State: p.State, Missing: []string{}, CreatedAt: p.CreatedAt,
			}
			for _, m := range Missing(p) {
				if !m.Optional {
					r.Missing = append(r.Missing, m.Letter)
				}
			}
			out.Body.Products[i] = r
		}
		return out, nil
	})
}
