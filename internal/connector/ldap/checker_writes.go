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

const wholeSubtree = goldap.ScopeWholeSubtree

// noOperation is critical: a server that does not know the control refuses the request instead of carrying it out.
var noOperation = []goldap.Control{goldap.NewControlString(controlNoOperation, true, "")}

// unproven says why a server's answer to a request with the no-op control proves nothing; empty when it does.
func unproven(err error) string {
	switch {
	case isResult(err, goldap.LDAPResultUnavailableCriticalExtension), isResult(err, goldap.LDAPResultProtocolError):
		return "this server cannot try a write without doing it: the first write tells"
	case isResult(err, goldap.LDAPResultObjectClassViolation), isResult(err, goldap.LDAPResultEntryAlreadyExists):
		return "the server refuses the sample for another reason than a right: the first write tells"
	}
	return ""
}

// granted reports that the server would have done it, or refuses only the values of the sample.
func granted(err error) bool {
	return err == nil || isResult(err, resultNoOperation) || isResult(err, goldap.LDAPResultConstraintViolation) || isResult(err, goldap.LDAPResultInvalidAttributeSyntax)
}

// creates tries the right to create entries of a kind: below the base, and where that is refused and entries stand deeper, below one of them.
func (c *Checker) creates(ctx context.Context, kind directory.Kind, found *sample) {
	base, field := c.source.baseOf(kind)
	var refused error
	c.steps.try("create "+words(kind), func() (string, error) {
		refused = c.writer.tryCreate(ctx, kind, base)
		if granted(refused) {
			return fmt.Sprintf("the account may create entries under %s", field), nil
		}
		return "", refused
	})
	if granted(refused) {
		return
	}
	if why := unproven(refused); why != "" {
		c.steps.remark(connector.Skipped, "%s", why)
		return
	}
	deeper := kind == directory.User && c.config.Users.Layout == ByDepartment || kind == directory.Department && c.config.Departments.Type == OrganizationalUnits
	if connector.ClassOf(refused) != connector.Permission || !deeper {
		return
	}
	parent := found.dn
	if kind == directory.User {
		_, parent = cutDN(found.dn)
	}
	switch {
	case parent == "":
		c.steps.remark(connector.Skipped, "the account may not create entries directly under %s %q, and there is nothing below it yet where it could be tried: the first write tells", field, base)
	case granted(c.writer.tryCreate(ctx, kind, parent)):
		c.steps.remark(connector.Warning, "the account may create entries below %q, but none directly under %s %q: give it the right to write there, if entries are to stand there", printable(parent), field, base)
	}
}

// tryCreate asks the server to create an entry, without doing it.
func (t *Target) tryCreate(ctx context.Context, kind directory.Kind, above string) error {
	entry := connector.NewEntry{}
	rdn := t.spelling(kind, t.rdnOf(kind))
	for _, field := range t.schema.Fields(kind) {
		if field.Required && field.Type != directory.Reference || field.Name == rdn {
			entry.Attributes = append(entry.Attributes, directory.Attribute{Name: field.Name, Values: []string{t.sampleValue(field)}})
		}
	}
	named := entry.Attributes.Get(rdn)
	if len(named) == 0 {
		return invalid("%s: the server's schema has no attribute %q, which is to name new entries", t.server.url, rdn)
	}
	dn := rdn + "=" + goldap.EscapeDN(named[0]) + "," + above
	request, err := t.addRequest(ctx, kind, dn, entry)
	if err != nil {
		return err
	}
	request.Controls = noOperation
	return t.writers.do(ctx, fmt.Sprintf("checking the right to create an entry under %q", printable(above)), func(conn *goldap.Conn) error { return conn.Add(request) })
}

// sampleValue is a value that a field of this type takes.
func (t *Target) sampleValue(field directory.Field) string {
	switch {
	case field.Type == directory.Bool:
		return "true"
	case field.Type == directory.Int:
		return "0"
	case field.Type == directory.Time:
		return "2000-01-01T00:00:00Z"
	case field.Equality == directory.DN:
		return t.config.Users.BaseDN
	default:
		return "synccenter-check"
	}
}

// maxRewritten is how many values of an attribute are sent to try the right to change it.
const maxRewritten = 200

// changes tries the right to change an entry: it asks the server to replace attributes by the values that they have, without doing it.
// Even a server that did it would have changed nothing: what the entry has no value for, as far as we see, is left alone.
func (c *Checker) changes(ctx context.Context, kind directory.Kind, found *sample, fields []string) {
	name := "change " + words(kind)
	if found.dn == "" {
		c.steps.skip(name, fmt.Sprintf("there are no %s yet to try it on", words(kind)))
		return
	}
	wanted := c.changed(kind, found, fields)
	if len(wanted) == 0 {
		c.steps.skip(name, fmt.Sprintf("%q has no value to try it on: the first write tells", printable(found.dn)))
		return
	}
	var refused error
	ok := c.steps.try(name, func() (string, error) {
		refused = c.writer.tryChange(ctx, found, wanted)
		if !granted(refused) {
			return "", refused
		}
		return fmt.Sprintf("the account may change %s, tried on %q", strings.Join(wanted, ", "), printable(found.dn)), nil
	})
	if ok {
		return
	}
	if why := unproven(refused); why != "" {
		c.steps.remark(connector.Skipped, "%s", why)
		return
	}
	if connector.ClassOf(refused) != connector.Permission {
		c.steps.remark(connector.Skipped, "%v", refused) // the entry at hand is in the way, not a right
		return
	}
	var denied []string
	for _, attribute := range wanted {
		if connector.ClassOf(c.writer.tryChange(ctx, found, []string{attribute})) == connector.Permission {
			denied = append(denied, attribute)
		}
	}
	if len(denied) > 0 && len(denied) < len(wanted) {
		last := &c.steps.list[len(c.steps.list)-1]
		last.Message = fmt.Sprintf("%s; the attributes that it may not change are %s", last.Message, strings.Join(denied, ", "))
	}
}

// changed lists the attributes that a run may change in an entry of the kind.
func (c *Checker) changed(kind directory.Kind, found *sample, fields []string) []string {
	names := slices.Clone(fields)
	managed := c.config.managedOfUsers()
	if kind == directory.Department {
		managed = c.config.managedOfDepartments()
	}
	for _, setting := range sortedKeys(managed) {
		names = append(names, managed[setting])
	}
	var wanted []string
	for _, name := range names {
		switch {
		case name == "" || contains(wanted, name) || strings.EqualFold(name, c.writer.rdnOf(kind)): // that one changes by a rename
		case contains(operational, name) || len(found.valuesOf(name)) == 0 || len(found.valuesOf(name)) > maxRewritten:
		default:
			wanted = append(wanted, name)
		}
	}
	return wanted
}

func (s *sample) valuesOf(name string) []string {
	for _, attribute := range s.values {
		if strings.EqualFold(strings.TrimSuffix(attribute.Name, ";binary"), name) {
			return attribute.Values
		}
	}
	return nil
}

// tryChange asks the server to write into an entry what stands there, without doing it.
func (t *Target) tryChange(ctx context.Context, found *sample, attributes []string) error {
	request := goldap.NewModifyRequest(found.dn, noOperation)
	for _, name := range attributes {
		values := found.valuesOf(name)
		if contains(binaryOnly, name) {
			name += ";binary"
		}
		request.Replace(name, values)
	}
	return t.writers.do(ctx, fmt.Sprintf("checking the right to change %q", printable(found.dn)), func(conn *goldap.Conn) error { return conn.Modify(request) })
}
