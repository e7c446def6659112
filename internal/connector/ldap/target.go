package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// Target keeps a directory in step. It knows entries by ID and finds their places at the moment of each write.
type Target struct {
	*Source
	writers *writers
	// unsettled are moves whose answer was lost.
	unsettled unsettled
	// asserts and postReads report which controls the server has.
	asserts, postReads bool
}

var _ connector.Target = (*Target)(nil)

// NewTarget connects to the directory that config describes, logs in, and reads the schema and what the server supports.
func NewTarget(ctx context.Context, config Config) (*Target, error) {
	source, err := open(ctx, config, true)
	if err != nil {
		return nil, err
	}
	t := &Target{Source: source, writers: newWriters(source.server, source.config.Concurrency)}
	if err := t.prepare(ctx); err != nil {
		source.Close() // the failure to prepare is what matters
		return nil, err
	}
	return t, nil
}

func (t *Target) prepare(ctx context.Context) error {
	controls, err := t.supportedControls(ctx)
	if err != nil {
		return err
	}
	t.asserts = slices.Contains(controls, controlAssertion)
	t.postReads = slices.Contains(controls, controlPostRead)
	_, err = t.Schema(ctx)
	return err
}

// Close ends the connections.
func (t *Target) Close() error {
	t.writers.close()
	return t.Source.Close()
}

// Capabilities follow from the configuration.
func (t *Target) Capabilities() directory.Capabilities {
	users, departments := t.config.Users, t.config.Departments
	c := directory.Capabilities{
		Nested:         departments.Type == OrganizationalUnits,
		Leaders:        departments.LeaderAttribute != "",
		Disable:        users.Disable != nil,
		UserMark:       users.Mark != "",
		DepartmentMark: departments.Mark != "",
		UserIdentifier: t.spelling(directory.User, users.RDN),
		DepartmentName: t.spelling(directory.Department, departments.RDN),
	}
	if users.Disable != nil {
		c.DisableField, c.DisabledValue, c.EnabledValue = t.spelling(directory.User, users.Disable.Attribute), users.Disable.Disabled, users.Disable.Enabled
	}
	if field, ok := t.schema.Field(directory.Department, departments.LeaderAttribute); ok {
		c.SingleLeader = !field.Multiple
	}
	switch {
	case departments.Type == Groups:
		c.Membership = directory.OnDepartment
	case users.Layout == ByDepartment:
		c.Membership, c.SingleDepartment = directory.OnUser, true
	case users.DepartmentAttribute != nil:
		c.Membership = directory.OnUser
		if field, ok := t.schema.Field(directory.User, users.DepartmentAttribute.Name); ok {
			c.SingleDepartment, c.MainDepartment = !field.Multiple, field.Multiple
		}
	}
	return c
}

// spelling is the server's own spelling of an attribute that the configuration names.
func (t *Target) spelling(kind directory.Kind, name string) string {
	if field, ok := t.schema.Field(kind, name); ok {
		return field.Name
	}
	return name
}

// placesOf is what is known of where entries of a kind stand.
func (t *Target) placesOf(kind directory.Kind) *places {
	if kind == directory.Department {
		return t.departments.places
	}
	return t.users
}

// rdnOf is the attribute that names entries of a kind.
func (t *Target) rdnOf(kind directory.Kind) string {
	if kind == directory.Department {
		return t.config.Departments.RDN
	}
	return t.config.Users.RDN
}

// locate says where an entry stands, asking the server when that is not known.
func (t *Target) locate(ctx context.Context, kind directory.Kind, text string) (id uuid, dn string, err error) {
	id, ok := parseUUID(text)
	if !ok {
		return id, "", invalid("%q is not an ID of an entry in %s", printable(text), t.server.url)
	}
	if dn, ok := t.placesOf(kind).dn(id); ok {
		return id, dn, nil
	}
	if _, department := t.departments.dn(id); department { // users may stand below departments, and what is done to one must not hit the other
		return id, "", &connector.Error{Class: connector.NotFound, Err: fmt.Errorf("%s: entry %s is a department and not a user", t.server.url, id)}
	}
	dn, err = t.findPlace(ctx, kind, id)
	return id, dn, err
}

// findPlace asks the server where one entry stands.
func (t *Target) findPlace(ctx context.Context, kind directory.Kind, id uuid) (string, error) {
	r, err := t.reader(ctx, kind, nil)
	if err != nil {
		return "", err
	}
	base, field := t.baseOf(kind)
	q := query{
		attempt: fmt.Sprintf("looking for entry %s under %s %q", id, field, base), base: base,
		scope: goldap.ScopeWholeSubtree, filter: "(" + entryUUID + "=" + id.String() + ")", attributes: r.attributes,
	}
	dn := ""
	err = t.search(ctx, q, func(e *wire.Entry) error {
		dn = strings.Clone(e.DN)
		_, err := t.convert(r, e) // notes where it stands
		return err
	})
	if err == nil && dn == "" {
		err = &connector.Error{Class: connector.NotFound, Err: fmt.Errorf("%s: %s: it is not there", t.server.url, q.attempt)}
	}
	return dn, err
}

// spot is where an entry stands at the moment of a write.
type spot struct {
	id uuid
	dn string
	// seen reports that the entry was just seen there.
	seen bool
}

// at runs a write at the place where an entry stands, and nowhere else: names are given away and taken again. The server checks that by
// an assertion, else we look just before. When the entry is somewhere else by now, the write is tried once more there.
func (t *Target) at(ctx context.Context, kind directory.Kind, text string, write func(at spot) error) error {
	id, dn, err := t.locate(ctx, kind, text)
	if err != nil {
		return err
	}
	if t.asserts {
		err = write(spot{id: id, dn: dn})
		if !isResult(err, goldap.LDAPResultNoSuchObject) && !isResult(err, goldap.LDAPResultAssertionFailed) {
			return err
		}
	} else if t.standsAt(ctx, id, dn) {
		return write(spot{id: id, dn: dn, seen: true})
	}
	t.placesOf(kind).forget(id)
	now, searchErr := t.findPlace(ctx, kind, id)
	if searchErr != nil {
		return searchErr
	}
	if now == dn && isResult(err, goldap.LDAPResultNoSuchObject) {
		return err // something else is missing, a new parent for example
	}
	// OpenLDAP's unique overlay applies the assertion to its own search too and then fails, so it is not used a second time.
	return write(spot{id: id, dn: now, seen: true})
}

// standsAt reports that an entry is at a place. A failure to read it is as good as no.
func (t *Target) standsAt(ctx context.Context, id uuid, dn string) bool {
	found := false
	err := t.readEntry(ctx, fmt.Sprintf("reading %q", printable(dn)), dn, []string{entryUUID}, func(e *wire.Entry) error {
		there, ok := parseUUID(firstValue(e, entryUUID))
		found = ok && there == id
		return nil
	})
	return err == nil && found
}

// controls are those of a write to an entry.
func (t *Target) controls(at spot) ([]goldap.Control, error) {
	if !t.asserts || at.seen {
		return nil, nil
	}
	control, err := assertion(at.id)
	return []goldap.Control{control}, err
}

// readBack reads an entry after a write, with the given fields.
func (t *Target) readBack(ctx context.Context, kind directory.Kind, dn string, fields []string) (entry directory.Entry, err error) {
	r, err := t.reader(ctx, kind, fields)
	if err != nil {
		return entry, err
	}
	err = t.readEntry(ctx, fmt.Sprintf("reading %q after it was written", printable(dn)), dn, r.attributes, func(e *wire.Entry) error {
		entry, err = t.convert(r, e)
		return err
	})
	return entry, err
}

// cutDN separates an entry's own part of a name from its parent's name.
func cutDN(dn string) (rdn, parent string) {
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',', ';':
			return dn[:i], strings.TrimLeft(dn[i+1:], " ")
		}
	}
	return dn, ""
}
