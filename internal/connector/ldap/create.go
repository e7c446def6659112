package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// CreateUser adds a user, below its department or below the base.
func (t *Target) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	return t.create(ctx, directory.User, user)
}

// CreateDepartment adds a department below its parent.
func (t *Target) CreateDepartment(ctx context.Context, department connector.NewEntry) (directory.Entry, error) {
	return t.create(ctx, directory.Department, department)
}

func (t *Target) create(ctx context.Context, kind directory.Kind, entry connector.NewEntry) (directory.Entry, error) {
	if err := t.loadDepartments(ctx); err != nil {
		return directory.Entry{}, err
	}
	dn, err := t.placeFor(ctx, kind, entry)
	if err != nil {
		return directory.Entry{}, err
	}
	request, err := t.addRequest(ctx, kind, dn, entry)
	if err != nil {
		return directory.Entry{}, err
	}
	attempt := fmt.Sprintf("creating %q", printable(dn))
	if err := t.writers.do(ctx, attempt, func(conn *goldap.Conn) error { return conn.Add(request) }); err != nil {
		return directory.Entry{}, longName(err, attempt, dn)
	}
	created, err := t.readBack(ctx, kind, dn, fieldNames(entry.Attributes))
	if err != nil && ctx.Err() == nil {
		// It was created; whoever continues from here has to look for it.
		return directory.Entry{}, &connector.Error{Class: connector.Unavailable, Err: fmt.Errorf("%s: it was created, then: %w", attempt, err)}
	}
	return created, err
}

func fieldNames(attributes directory.Attributes) []string {
	names := make([]string, len(attributes))
	for i := range attributes {
		names[i] = attributes[i].Name
	}
	return names
}

// placeFor is the name that a new entry gets.
func (t *Target) placeFor(ctx context.Context, kind directory.Kind, entry connector.NewEntry) (string, error) {
	rdn := t.spelling(kind, t.rdnOf(kind))
	named := entry.Attributes.Get(rdn)
	if len(named) == 0 || named[0] == "" {
		return "", invalid("a new entry of kind %s needs a value for %s, which names it: map that field", kind, rdn)
	}
	above, _ := t.baseOf(kind)
	department := entry.Parent
	if kind == directory.User {
		department = ""
		if t.config.Users.Layout == ByDepartment && len(entry.Departments) > 0 {
			department = entry.Departments[0]
		}
	}
	if department != "" {
		var err error
		if _, above, err = t.locate(ctx, directory.Department, department); err != nil {
			return "", err
		}
	}
	return relativeName(rdn, named[0]) + "," + above, nil
}

// addRequest is the request for a new entry. What the object classes demand is checked first.
func (t *Target) addRequest(ctx context.Context, kind directory.Kind, dn string, entry connector.NewEntry) (*goldap.AddRequest, error) {
	request := goldap.NewAddRequest(dn, nil)
	classes, mark := t.config.Users.ObjectClasses, t.config.Users.Mark
	if kind == directory.Department {
		classes, mark = t.config.Departments.ObjectClasses, t.config.Departments.Mark
	}
	request.Attribute("objectClass", classes)
	for _, attribute := range entry.Attributes {
		name, written, err := t.written(ctx, kind, attribute.Name, attribute.Values)
		if err != nil {
			return nil, err
		}
		if len(written) > 0 {
			request.Attribute(name, written)
		}
	}
	for _, field := range t.schema.Fields(kind) {
		if field.Required && len(entry.Attributes.Get(field.Name)) == 0 {
			return nil, invalid("creating %q: its object classes %s demand a value for %s: map that field", printable(dn), strings.Join(classes, ", "), field.Name)
		}
	}
	if mark != "" && entry.Mark.SourceID != "" {
		request.Attribute(mark, []string{formatMark(entry.Mark)})
	}
	if kind == directory.Department {
		if t.placeholderNeeded() {
			request.Attribute(t.config.Departments.MemberAttribute, []string{t.config.Departments.Placeholder})
		}
		return request, nil
	}
	if disable := t.config.Users.Disable; disable != nil && disable.Enabled != "" && !mapped(entry, disable.Attribute) {
		request.Attribute(disable.Attribute, disable.valuesFor(true))
	}
	if attribute := t.config.Users.DepartmentAttribute; attribute != nil && len(entry.Departments) > 0 {
		values, err := t.departmentValues(ctx, entry.Departments)
		if err != nil {
			return nil, err
		}
		request.Attribute(attribute.Name, values)
	}
	return request, nil
}

// mapped says whether the task gives a value to an attribute that the connector would fill by itself.
func mapped(entry connector.NewEntry, attribute string) bool {
	return slices.ContainsFunc(entry.Attributes, func(a directory.Attribute) bool { return strings.EqualFold(a.Name, attribute) })
}

// binaryOnly are attributes whose values are transferred with the option ;binary (RFC 4522, RFC 4523).
var binaryOnly = []string{"userCertificate", "cACertificate", "certificateRevocationList", "authorityRevocationList", "deltaRevocationList", "crossCertificatePair"}

// written turns the values of a field into what is sent: the attribute's name and its values. References are IDs of users.
func (t *Target) written(ctx context.Context, kind directory.Kind, name string, values []string) (string, []string, error) {
	field, ok := t.schema.Field(kind, name)
	if !ok {
		return "", nil, invalid("%s: the server's schema has no attribute %q: correct the mapping", t.server.url, printable(name))
	}
	name = field.Name
	if contains(binaryOnly, name) {
		name += ";binary"
	}
	texts := make([]string, 0, len(values))
	for _, value := range values {
		text, err := native(&field, value)
		if err == nil && field.Type == directory.Reference {
			_, text, err = t.locate(ctx, field.Refers, value)
		}
		if err != nil {
			return "", nil, err
		}
		texts = append(texts, text)
	}
	return name, texts, nil
}

// departmentValues is what the department attribute holds for these departments.
func (t *Target) departmentValues(ctx context.Context, departments []string) ([]string, error) {
	values := make([]string, 0, len(departments))
	for _, department := range departments {
		id, dn, err := t.locate(ctx, directory.Department, department)
		if err != nil {
			return nil, err
		}
		switch t.config.Users.DepartmentAttribute.Holds {
		case HoldsDN:
			values = append(values, dn)
		case HoldsID:
			values = append(values, id.String())
		default:
			name, _ := t.departments.name(id) // locate has noted it
			values = append(values, name)
		}
	}
	return values, nil
}
