// Package accounts has the pages and the API of signing in, of passwords, and of who works in a tenant or an
// organization: members, invitations, lists of officers.
//
// Tables: none; package authz keeps accounts, sessions and memberships.
// URLs:
//   - signing in: /dang-nhap (buoc-hai, khoa-truy-cap, sso, sso/lien-ket, sso/{tenant}/{id}, sso/{tenant}/{id}/tro-ve),
//     /dang-xuat, /quen-mat-khau, /dat-lai/{token}, /loi-moi/{tenant}/{token};
//   - one's own account: /tai-khoan (vai-tro, mat-khau, so-dien-thoai, thiet-bi, bao-mat, bao-mat/ung-dung,
//     bao-mat/khoa-truy-cap, bao-mat/go, bao-mat/ma-du-phong, khoa-api, khoa-api/thu-hoi, lien-ket/go);
//   - members: /thanh-vien (moi, nhap, nhap/ghi, nhap/gui-lai, mau.xlsx, loi-moi/thu-hoi, loi-moi/gui-lai, hai-lop, {id},
//     {id}/ket-thuc, {id}/so-dien-thoai, {id}/dat-lai-hai-lop), /vai-tro (moi, {id}, {id}/bo), /linh-vuc (sua);
//   - what a province decides: /cau-hinh/so-nganh (them, sua, bo), /cau-hinh/sso (moi, {id}, {id}/trang-thai,
//     {id}/kiem-tra), and an organization: /ket-noi, /ket-noi/{id}/thu-hoi;
//   - for the operator who works in another's place: /tinh/{slug}/thanh-vien, /tinh/{slug}/thanh-vien/{id},
//     /thoi-lam-thay;
//   - for programs: POST /api/v1/token, GET /api/v1/me, /.well-known/jwks.json;
//   - in a demonstration: /dev/mail, /dev/mail/{file}.
//
// Permissions: account.self, member.view, member.invite, member.import, role.manage, field.manage, tenant.settings,
// sso.manage, client.manage, platform.impersonate.
//
// Jobs: accounts_sweep, accounts_letter (the letter of one invitation of an import).
package accounts
