package mapping

import (
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// The fields that are copied when a task has no mappings: what people look each other up by, under the names that RFC 2798 and RFC 4519
// give it. Passwords, certificates and pictures are not among them: a task that wants them says so.
var (
	defaultUserFields = []string{
		"uid", "cn", "sn", "givenName", "displayName", "initials", "mail", "telephoneNumber", "mobile", "facsimileTelephoneNumber",
		"title", "employeeNumber", "employeeType", "departmentNumber", "o", "preferredLanguage", "description",
		"physicalDeliveryOfficeName", "roomNumber", "street", "postalAddress", "postalCode", "l", "st", "manager",
	}
	defaultDepartmentFields = []string{
		"ou", "cn", "description", "telephoneNumber", "facsimileTelephoneNumber", "street", "postalAddress", "postalCode", "l", "st",
	}
)

// Defaults are the rows of a task that has none: the fields of the lists above that both directories have and the target lets us write.
// The field by which the target knows departments gets the name that people call the department: a source of another kind keeps it elsewhere.
func Defaults(source, target directory.Schema, capabilities directory.Capabilities) Spec {
	spec := Spec{
		Users:       defaultRows(directory.User, withoutField(defaultUserFields, capabilities.DisableField), source, target),
		Departments: defaultRows(directory.Department, defaultDepartmentFields, source, target),
	}
	naming, ok := target.Field(directory.Department, capabilities.DepartmentName)
	if ok && !naming.ReadOnly {
		spec.Departments = slices.DeleteFunc(spec.Departments, func(r Row) bool { return r.To == naming.Name })
		spec.Departments = append(spec.Departments, Row{To: naming.Name, Expression: "department.name"})
	}
	return spec
}

// withoutField leaves out the field that turns accounts off: who copies it says so.
func withoutField(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(other string) bool { return strings.EqualFold(other, name) })
}

func defaultRows(kind directory.Kind, names []string, source, target directory.Schema) []Row {
	var rows []Row
	for _, name := range names {
		from, readable := source.Field(kind, name)
		to, known := target.Field(kind, name)
		if !readable || !known || to.ReadOnly || to.Secret || !copies(from.Type, to.Type) {
			continue
		}
		if from.Multiple && !to.Multiple {
			rows = append(rows, Row{To: to.Name, Expression: fmt.Sprintf("%s[%q]", strings.ToLower(string(kind)), from.Name)})
			continue
		}
		rows = append(rows, Row{To: to.Name, From: from.Name})
	}
	return rows
}
