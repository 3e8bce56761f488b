// Package accounts has the pages and the API of signing in.
//
// Tables: none; package authz keeps accounts, sessions and memberships.
// URLs: /dang-nhap, /dang-xuat, /tai-khoan, /tai-khoan/vai-tro, POST /api/v1/token, GET /api/v1/me.
package accounts
