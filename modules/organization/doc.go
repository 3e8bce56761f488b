// Package organization keeps the organizations (chủ thể) of a tenant: enterprises, cooperatives and households.
//
// Tables: organization.organization, organization.token.
// URLs: /dang-ky (sign up), /to-chuc (list), /to-chuc/{id}, /to-chuc/{id}/duyet, /to-chuc/{id}/tra-lai, /don-vi (own),
// /don-vi/dia-chi-nhan (the address on labels), /phan-cong (who inspects what), /phan-cong/{id},
// /phan-cong/{id}/ket-thuc, /to-chuc/{id}/phan-cong.
// Permissions: organization.view, organization.own, organization.admit, inspection.assign, product.edit.
package organization
