// Package accounts has the pages and the API of signing in, of passwords, and of who works in a tenant or an
// organization: members, invitations, lists of officers.
//
// Tables: none; package authz keeps accounts, sessions and memberships.
// URLs: /dang-nhap, /dang-xuat, /tai-khoan, /tai-khoan/vai-tro, POST /api/v1/token, GET /api/v1/me,
// /.well-known/jwks.json, /ket-noi, /ket-noi/{id}/thu-hoi, /tai-khoan/khoa-api, /tai-khoan/khoa-api/thu-hoi,
// /quen-mat-khau, /dat-lai/{token}, /tai-khoan/mat-khau, /tai-khoan/so-dien-thoai, /thanh-vien (moi, nhap, nhap/gui-lai, mau.xlsx,
// loi-moi/thu-hoi, loi-moi/gui-lai, {id}, {id}/ket-thuc, {id}/so-dien-thoai, hai-lop, {id}/dat-lai-hai-lop), /vai-tro (moi, {id},
// {id}/bo), /linh-vuc (sua), /cau-hinh/so-nganh (them, sua, bo), /dang-nhap/buoc-hai, /dang-nhap/khoa-truy-cap, /tai-khoan/bao-mat (ung-dung, khoa-truy-cap, go,
// ma-du-phong), /loi-moi/{tenant}/{token}, /dang-nhap/sso (lien-ket,
// {tenant}/{id}, {tenant}/{id}/tro-ve), /tai-khoan/lien-ket/go, /cau-hinh/sso (moi, {id}, {id}/trang-thai,
// {id}/kiem-tra); for the operator who works in another's place /tinh/{slug}/thanh-vien
// (and {id}) and /thoi-lam-thay; in a demonstration /dev/mail.
// Jobs: accounts_sweep, accounts_letter (the letter of one invitation of an import).
package accounts
