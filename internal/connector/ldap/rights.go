package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// Check proves that the directory can be read and, where the server can say so without doing it, that users and departments
// can be created. OpenLDAP can, by its no-op control; of a server that cannot, the first write tells.
func (t *Target) Check(ctx context.Context) error {
	if err := t.Source.Check(ctx); err != nil {
		return err
	}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		if base, _ := t.baseOf(kind); base == "" {
			continue
		}
		if err := t.checkCreate(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) checkCreate(ctx context.Context, kind directory.Kind) error {
	sample := connector.NewEntry{}
	rdn := t.spelling(kind, t.rdnOf(kind))
	for _, field := range t.schema.Fields(kind) {
		if field.Required && field.Type != directory.Reference || field.Name == rdn {
			sample.Attributes = append(sample.Attributes, directory.Attribute{Name: field.Name, Values: []string{t.sampleValue(field)}})
		}
	}
	dn, err := t.placeFor(ctx, kind, sample)
	if err != nil {
		return err
	}
	request, err := t.addRequest(ctx, kind, dn, sample)
	if err != nil {
		return err
	}
	request.Controls = []goldap.Control{goldap.NewControlString(controlNoOperation, true, "")}
	base, field := t.baseOf(kind)
	attempt := fmt.Sprintf("checking the right to create an entry under %s %q", field, base)
	err = t.writers.do(ctx, attempt, func(conn *goldap.Conn) error { return conn.Add(request) })
	for _, code := range []uint16{
		resultNoOperation,
		goldap.LDAPResultUnavailableCriticalExtension, // nothing can be proven on this server
		goldap.LDAPResultConstraintViolation,          // the right is there; the sample's values are refused
		goldap.LDAPResultInvalidAttributeSyntax,
	} {
		if isResult(err, code) {
			return nil
		}
	}
	return err
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
