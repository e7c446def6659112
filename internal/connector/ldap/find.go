package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// Find looks for what a create may have left behind: by mark, else at the place where the create would have put it.
func (t *Target) Find(ctx context.Context, kind directory.Kind, entry connector.NewEntry) (*directory.Entry, error) {
	if err := t.loadDepartments(ctx); err != nil {
		return nil, err
	}
	r, err := t.reader(ctx, kind, fieldNames(entry.Attributes))
	if err != nil {
		return nil, err
	}
	base, field := t.baseOf(kind)
	q := query{
		attempt: fmt.Sprintf("looking under %s %q for the entry with the mark %q", field, base, printable(formatMark(entry.Mark))),
		base:    base, scope: goldap.ScopeWholeSubtree, attributes: r.attributes,
		filter: holds(r.mark, formatMark(entry.Mark)),
	}
	if r.mark == "" || entry.Mark.SourceID == "" {
		q.filter, q.scope = "(objectClass=*)", goldap.ScopeBaseObject
		if q.base, err = t.placeFor(ctx, kind, entry); err != nil {
			return nil, err
		}
		q.attempt = fmt.Sprintf("looking for an entry at %q", printable(q.base))
	}
	var found []directory.Entry
	err = t.search(ctx, q, func(e *wire.Entry) error {
		one, err := t.convert(r, e)
		found = append(found, one)
		return err
	})
	switch {
	case q.scope == goldap.ScopeBaseObject && isResult(err, goldap.LDAPResultNoSuchObject):
		return nil, nil
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		return nil, &connector.Error{Class: connector.Conflict, Err: fmt.Errorf("%s: %s: there are %d, as %q and %q: remove the mark from the wrong ones",
			t.server.url, q.attempt, len(found), printable(found[0].Place), printable(found[1].Place))}
	}
	return &found[0], nil
}
