package ldap

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// creates says that the right to create entries is not proven. No request of LDAP proves it without writing. OpenLDAP has a control for that,
// and adding with it an attribute that the database has never held leaves the database with wrong names for later ones: it must not be used.
func (c *Checker) creates(kind directory.Kind) {
	c.steps.skip("create "+words(kind), "not proven: there is no request that proves it without writing; the first run tells")
}

// changes tries the right to change an entry: it asks the server to delete values that are not there. Whoever has the right is told that they
// are not there, everybody else that the right is missing, and nothing changes in either case.
func (c *Checker) changes(ctx context.Context, kind directory.Kind, found *sample, fields []string) {
	name := "change " + words(kind)
	wanted := c.changed(kind, fields)
	switch {
	case found.dn == "":
		c.steps.skip(name, fmt.Sprintf("there are no %s yet to try it on", words(kind)))
		return
	case len(wanted) == 0:
		c.steps.skip(name, "there is no attribute to try it on")
		return
	}
	var proven []string
	ok := c.steps.try(name, func() (string, error) {
		var err error
		proven, err = c.writer.tryChanges(ctx, found.dn, wanted)
		return fmt.Sprintf("the account may change %s, tried on %q", strings.Join(proven, ", "), printable(found.dn)), err
	})
	if ok && len(proven) == 0 {
		c.steps.remark(connector.Skipped, "not proven: the server's answers do not tell; the first write does")
	}
}

// changed lists the attributes that a run may change in an entry of the kind and that can be tried: the values of some types leave no room
// for one that is certainly not there.
func (c *Checker) changed(kind directory.Kind, fields []string) []directory.Field {
	names := slices.Clone(fields)
	managed := c.config.managedOfUsers()
	if kind == directory.Department {
		managed = c.config.managedOfDepartments()
	}
	for _, setting := range sortedKeys(managed) {
		names = append(names, managed[setting])
	}
	var wanted []directory.Field
	for _, name := range names {
		field, ok := c.schema.Field(kind, name)
		switch {
		case !ok || field.Type == directory.Bool || field.Type == directory.Bytes || contains(operational, name):
		case strings.EqualFold(name, c.writer.rdnOf(kind)): // it changes by a rename
		case slices.ContainsFunc(wanted, func(f directory.Field) bool { return f.Name == field.Name }):
		default:
			wanted = append(wanted, field)
		}
	}
	return wanted
}

// tryChanges answers with the attributes whose change is proven. The error names those for which the right is missing.
func (t *Target) tryChanges(ctx context.Context, dn string, wanted []directory.Field) (proven []string, err error) {
	names := make([]string, len(wanted))
	for i := range wanted {
		names[i] = wanted[i].Name
	}
	if isResult(t.tryChange(ctx, dn, wanted), goldap.LDAPResultNoSuchAttribute) {
		return names, nil
	}
	var denied []string
	for i := range wanted {
		tried := t.tryChange(ctx, dn, wanted[i:i+1])
		switch {
		case isResult(tried, goldap.LDAPResultNoSuchAttribute):
			proven = append(proven, wanted[i].Name)
		case connector.ClassOf(tried) == connector.Permission:
			denied, err = append(denied, wanted[i].Name), tried
		case connector.ClassOf(tried) == connector.Unavailable || ctx.Err() != nil:
			return nil, tried
		}
	}
	if len(denied) > 0 {
		return nil, &connector.Error{Class: connector.Permission, Err: fmt.Errorf("%w; the attributes that it may not change are %s", err, strings.Join(denied, ", "))}
	}
	return proven, nil
}

// tryChange asks the server to delete a value that is not there from each of the attributes.
func (t *Target) tryChange(ctx context.Context, dn string, fields []directory.Field) error {
	request := goldap.NewModifyRequest(dn, nil)
	for i := range fields {
		value, err := t.absentValue(&fields[i])
		if err != nil {
			return err
		}
		request.Delete(fields[i].Name, []string{value})
	}
	return t.writers.do(ctx, fmt.Sprintf("checking the right to change %q", printable(dn)), func(conn *goldap.Conn) error { return conn.Modify(request) })
}

// absentValue is a value that no entry has, in the form that the attribute demands.
func (t *Target) absentValue(field *directory.Field) (string, error) {
	number, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		return "", err
	}
	unique := make([]byte, 12)
	_, _ = rand.Read(unique) // it never fails
	text := "synccenter-check-" + hex.EncodeToString(unique)
	switch {
	case field.Type == directory.Int:
		return "-1" + fmt.Sprintf("%09d", number), nil
	case field.Type == directory.Time:
		return fmt.Sprintf("1601%02d%02d%02d%02d%02dZ", 1+number.Int64()%12, 1+number.Int64()/12%28, number.Int64()/400%24, number.Int64()/9600%60, number.Int64()/576000%60), nil
	case field.Equality == directory.DN:
		return "cn=" + text + "," + t.config.Users.BaseDN, nil
	}
	return text, nil
}
