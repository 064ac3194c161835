// Package refusal has the form of a product's error table: which fault of a call its caller sees as what. An operation
// raises a sentinel error, wrapped in whatever helps people, and the table says the rest, so that a code is changed by
// changing a row.
package refusal

import (
	"errors"
	"strings"

	"github.com/kpspec/kpspec/reference/rpc"
)

// Row is one row of an error table.
type Row struct {
	Cause         error // the sentinel that leads here
	Status        int
	Code, Message string // {name} stands for the parameter that the error is about, see [About]
}

// For returns the row of a cause.
func For(cause error, status int, code, message string) Row {
	return Row{Cause: cause, Status: status, Code: code, Message: message}
}

// Table is an error table. Each cause has one row in it.
type Table []Row

// Of turns an error into what the caller sees: the row of its cause as an [rpc.Error], or the error as it is when no row
// has its cause, which the gateway reports as an internal error.
func (t Table) Of(err error) error {
	for _, row := range t {
		if !errors.Is(err, row.Cause) {
			continue
		}
		var a about
		errors.As(err, &a)
		fill := func(text string) string { return strings.ReplaceAll(text, "{name}", a.parameter) }
		return &rpc.Error{Status: row.Status, Code: fill(row.Code), Message: fill(row.Message)}
	}
	return err
}

// With returns a table in which the rows given stand instead of those with the same causes, and beside the others.
func (t Table) With(rows ...Row) Table {
	out := make(Table, 0, len(t)+len(rows))
	out = append(out, rows...)
	for _, row := range t {
		if !out[:len(rows)].has(row.Cause) {
			out = append(out, row)
		}
	}
	return out
}

func (t Table) has(cause error) bool {
	for _, row := range t {
		if errors.Is(row.Cause, cause) {
			return true
		}
	}
	return false
}

// About says which parameter a sentinel is about.
func About(parameter string, cause error) error { return about{parameter, cause} }

type about struct {
	parameter string
	cause     error
}

func (a about) Error() string { return a.parameter + ": " + a.cause.Error() }
func (a about) Unwrap() error { return a.cause }
