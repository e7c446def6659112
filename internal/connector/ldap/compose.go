package ldap

import (
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// Filters and names are put together here and nowhere else, so that no value of a directory is ever taken for a part of the language.

// holds is a filter for entries that hold a value in an attribute.
func holds(attribute, value string) string {
	return "(" + attribute + "=" + goldap.EscapeFilter(value) + ")"
}

// present is a filter for entries that hold anything in an attribute.
func present(attribute string) string { return "(" + attribute + "=*)" }

// allOf is a filter for entries that pass every one of the filters.
func allOf(filters ...string) string { return "(&" + strings.Join(filters, "") + ")" }

// anyOf is a filter for entries that pass one of the filters.
func anyOf(filters ...string) string { return "(|" + strings.Join(filters, "") + ")" }

// relativeName is the name of an entry among its siblings.
func relativeName(attribute, value string) string { return attribute + "=" + goldap.EscapeDN(value) }
