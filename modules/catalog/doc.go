// Package catalog keeps products and each province's lists of mandatory, priority and specific products.
//
// Tables: catalog.product, catalog.photo, catalog.token, catalog.list_item.
// URLs: /san-pham, /san-pham/moi, /san-pham/{id}, /san-pham/{id}/anh, /san-pham/{id}/cong-bo, /san-pham/{id}/nhom,
// /danh-muc, GET /api/v1/products.
// Permissions: catalog.view, catalog.list, product.edit.
package catalog
