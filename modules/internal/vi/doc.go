// Package vi holds Vietnamese habits of writing: folding and sorting of text, numbers, money, dates, tax codes and
// telephone numbers. Every result meant for a person is Vietnamese.
package vi
