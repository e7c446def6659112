package ldap

import (
	"context"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// dnSet is the distinguished names that an attribute holds, by normalised name.
type dnSet map[string]string

func normalOf(dn string) string {
	return directory.DN.Key(dn)
}

// only keeps those names that are in the set, in the set's spelling.
func (set dnSet) only(dns []string) (kept []string) {
	for _, dn := range dns {
		if spelled, ok := set[normalOf(dn)]; ok {
			kept = append(kept, spelled)
		}
	}
	return kept
}

// without keeps those names that are not in the set.
func (set dnSet) without(dns []string) (kept []string) {
	for _, dn := range dns {
		if _, ok := set[normalOf(dn)]; !ok {
			kept = append(kept, dn)
		}
	}
	return kept
}

// presentValues reads the names that an attribute holds now.
func (t *Target) presentValues(ctx context.Context, dn, attribute string) (dnSet, error) {
	set := dnSet{}
	err := t.readEntry(ctx, fmt.Sprintf("reading %s of %q", attribute, printable(dn)), dn, []string{attribute}, func(e *wire.Entry) error {
		for _, value := range values(e, attribute) {
			set[normalOf(value)] = value
		}
		return nil
	})
	return set, err
}

// dangling is an entry with values that name a place where nothing stands any more.
type dangling struct {
	dn        string
	attribute string
	values    []string
	// alone reports that the attribute has no other values.
	alone bool
}

// maxDangling is how many values one move or deletion mends. It bounds memory and time against a directory where a single entry is
// named that often; a full sync finds what is left.
const maxDangling = 20000

// mendReferences rewrites the values that named an entry, or anything below it, at a place that it has left, or removes them when to is
// empty. A server with referential integrity of its own has done so already, then nothing is found.
func (t *Target) mendReferences(ctx context.Context, kind directory.Kind, from, to string) error {
	attributes := t.referring(kind)
	if len(attributes) == 0 {
		return nil
	}
	return t.mendAll(ctx, func() ([]dangling, error) { return t.findDangling(ctx, kind, attributes, from) }, func(value string) string {
		if to == "" {
			return ""
		}
		return rebased(value, from, to)
	})
}

// findDangling finds the values that name a place, or anything below it.
func (t *Target) findDangling(ctx context.Context, kind directory.Kind, attributes []string, from string) ([]dangling, error) {
	var found []dangling
	count := 0
	for _, base := range t.bases() {
		q := query{
			attempt: fmt.Sprintf("looking under %q for references to %q", base, printable(from)), base: base,
			scope: goldap.ScopeWholeSubtree, filter: referringFilter(kind, attributes, from), attributes: attributes,
		}
		err := t.search(ctx, q, func(e *wire.Entry) error {
			for _, attribute := range attributes {
				d := danglingValues(e, attribute, normalOf(from))
				if count += len(d.values); len(d.values) > 0 && count <= maxDangling {
					found = append(found, d)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// mendNames follows the renaming of a department whose users know it by name. When other departments have the old name too, nobody
// can tell whose users those are.
func (t *Target) mendNames(ctx context.Context, from, to string) error {
	attribute := t.config.Users.DepartmentAttribute
	before, after := nameIn(from), nameIn(to)
	if attribute == nil || attribute.Holds != HoldsName || before == after || len(t.departments.withName(before)) > 1 {
		return nil
	}
	q := query{
		attempt: fmt.Sprintf("looking for users of department %q", printable(before)), base: t.config.Users.BaseDN, scope: goldap.ScopeWholeSubtree,
		filter: holds(attribute.Name, before), attributes: []string{attribute.Name},
	}
	find := func() (found []dangling, err error) {
		err = t.search(ctx, q, func(e *wire.Entry) error {
			for _, value := range values(e, attribute.Name) {
				if directory.IgnoreCase.Key(value) == directory.IgnoreCase.Key(before) {
					found = append(found, dangling{dn: strings.Clone(e.DN), attribute: attribute.Name, values: []string{strings.Clone(value)}})
				}
			}
			return nil
		})
		return found, err
	}
	return t.mendAll(ctx, find, func(string) string { return after })
}

// mendingRounds bounds how often values are looked for again because their entries were renamed meanwhile.
const mendingRounds = 10

// mendAll rewrites the values that find finds; those that become nothing are removed. Entries are renamed at the same time by others of this run:
// where one of them was not at its place any more, values are looked for again.
func (t *Target) mendAll(ctx context.Context, find func() ([]dangling, error), rewrite func(value string) string) error {
	for range mendingRounds {
		found, err := find()
		if err == nil {
			found, err = t.mendEach(ctx, found, rewrite)
		}
		if err != nil {
			return fmt.Errorf("the change itself is done, but not everything that refers to the entry could be mended: %w", err)
		}
		if len(found) == 0 {
			return nil
		}
	}
	return nil // whoever is renamed so often is found by the next run
}

// mendEach rewrites values, and answers with those whose entry was not at its place any more.
func (t *Target) mendEach(ctx context.Context, found []dangling, rewrite func(value string) string) (left []dangling, err error) {
	for _, d := range found {
		switch err := t.mend(ctx, d, rewrite); {
		case isResult(err, goldap.LDAPResultNoSuchObject):
			left = append(left, d)
		case err != nil:
			return nil, err
		}
	}
	return left, nil
}

// referring lists the attributes that can name entries of a kind, or what stands below them: those that this target
// writes or that the task reads.
func (t *Target) referring(kind directory.Kind) []string {
	attributes := []string{}
	users, departments := t.config.Users, t.config.Departments
	if kind == directory.User || users.Layout == ByDepartment {
		if departments.Type == Groups {
			attributes = append(attributes, departments.MemberAttribute)
		}
		if departments.LeaderAttribute != "" {
			attributes = append(attributes, departments.LeaderAttribute)
		}
		t.schemaMu.Lock()
		for name := range t.references {
			if !contains(attributes, name) {
				attributes = append(attributes, name)
			}
		}
		t.schemaMu.Unlock()
	}
	if kind == directory.Department && users.DepartmentAttribute != nil && users.DepartmentAttribute.Holds == HoldsDN {
		attributes = append(attributes, users.DepartmentAttribute.Name)
	}
	return attributes
}

// referringFilter finds candidates. Names below a place cannot be searched for, so a department's move looks at every reference.
func referringFilter(kind directory.Kind, attributes []string, from string) string {
	filters := make([]string, len(attributes))
	for i, attribute := range attributes {
		filters[i] = present(attribute)
		if kind == directory.User {
			filters[i] = holds(attribute, from)
		}
	}
	return anyOf(filters...)
}

// bases are the places below which entries of the target stand, without one that is part of another.
func (t *Target) bases() []string {
	users, departments := t.config.Users.BaseDN, t.config.Departments.BaseDN
	switch {
	case departments == "" || isBelow(normalOf(departments), normalOf(users)):
		return []string{users}
	case isBelow(normalOf(users), normalOf(departments)):
		return []string{departments}
	default:
		return []string{users, departments}
	}
}

// isBelow reports that a normalised name is above or stands below it.
func isBelow(normal, above string) bool {
	return normal == above || strings.HasSuffix(normal, ","+above)
}

func danglingValues(e *wire.Entry, attribute, normalFrom string) dangling {
	all := values(e, attribute)
	d := dangling{dn: strings.Clone(e.DN), attribute: attribute}
	for _, value := range all {
		if isBelow(normalOf(value), normalFrom) {
			d.values = append(d.values, strings.Clone(value))
		}
	}
	d.alone = len(d.values) == len(all)
	return d
}

// mend rewrites the values of one attribute of one entry in one request.
func (t *Target) mend(ctx context.Context, d dangling, rewrite func(value string) string) error {
	request := goldap.NewModifyRequest(d.dn, nil)
	request.Delete(d.attribute, d.values)
	var rewritten []string
	for _, value := range d.values {
		if text := rewrite(value); text != "" {
			rewritten = append(rewritten, text)
		}
	}
	if len(rewritten) == 0 && d.alone && t.placeholderNeeded() && strings.EqualFold(d.attribute, t.config.Departments.MemberAttribute) {
		rewritten = []string{t.config.Departments.Placeholder}
	}
	if len(rewritten) > 0 {
		request.Add(d.attribute, rewritten)
	}
	err := t.writers.do(ctx, fmt.Sprintf("rewriting %s of %q", d.attribute, printable(d.dn)), func(conn *goldap.Conn) error { return conn.Modify(request) })
	if isResult(err, goldap.LDAPResultNoSuchAttribute) || isResult(err, goldap.LDAPResultAttributeOrValueExists) {
		return nil // the server was faster
	}
	return err
}

// rebased is the name of an entry after the subtree from became to.
func rebased(dn, from, to string) string {
	if start := len(dn) - len(from); start >= 0 && strings.EqualFold(dn[start:], from) {
		return dn[:start] + to
	}
	below, _ := strings.CutSuffix(normalOf(dn), normalOf(from))
	return below + to
}
