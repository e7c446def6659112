package mapping

import (
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// account is the target field that says whether an account is off, where a row of the task gives it.
type account struct {
	field, off, on string
}

// accountOf finds the row, if there is one. A row that only creates write says nothing of accounts that are there.
func accountOf(users *kindMapper, capabilities directory.Capabilities) account {
	field := capabilities.DisableField
	if field == "" || !slices.ContainsFunc(users.fields, func(r row) bool { return r.field.Name == field }) {
		return account{}
	}
	return account{field: field, off: capabilities.DisabledValue, on: capabilities.EnabledValue}
}

// settle writes the values of the field as the target has them: off in its own spelling, and what an account that is on holds for no value.
func (a account) settle(fields directory.Attributes) {
	if a.field == "" {
		return
	}
	for i := range fields {
		switch f := &fields[i]; {
		case f.Name != a.field:
		case len(f.Values) == 0 && a.on != "":
			f.Values = []string{a.on}
		case a.isOff(f.Values):
			f.Values = []string{a.off}
		}
	}
}

func (a account) isOff(values []string) bool {
	return len(values) > 0 && strings.EqualFold(values[0], a.off)
}

// SaysOff reports what a form of the source says about its account. Without a row for that, and where its value cannot be read, it says nothing.
func (m *Mapper) SaysOff(form *Form) (off, said bool) {
	if m.account.field == "" {
		return false, false
	}
	at := slices.IndexFunc(form.Fields, func(a directory.Attribute) bool { return a.Name == m.account.field })
	if at < 0 {
		return false, false
	}
	return m.account.isOff(form.Fields[at].Values), true
}
