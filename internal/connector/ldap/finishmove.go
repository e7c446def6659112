package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

var _ connector.Mover = (*Target)(nil)

// Follow notes which of the fields name others.
func (t *Target) Follow(ctx context.Context, kind directory.Kind, fields []string) error {
	_, err := t.reader(ctx, kind, fields)
	return err
}

// FinishMove mends what still names an entry by its former place. Where another entry stands there by now, nobody can tell which of the two is
// meant, and what names the place is left as it is.
func (t *Target) FinishMove(ctx context.Context, kind directory.Kind, id string, before connector.Former) error {
	if err := t.loadDepartments(ctx); err != nil {
		return err
	}
	_, now, err := t.locate(ctx, kind, id)
	if err != nil {
		return err
	}
	from, err := t.formerPlace(ctx, kind, now, before)
	if err != nil || from == "" || normalOf(from) == normalOf(now) {
		return err
	}
	taken := false
	err = t.readEntry(ctx, fmt.Sprintf("looking whether somebody stands at %q", printable(from)), from, []string{"1.1"}, func(*wire.Entry) error {
		taken = true
		return nil
	})
	if taken || err != nil && !isResult(err, goldap.LDAPResultNoSuchObject) {
		return err
	}
	return t.moved(ctx, kind, from, now)
}

// formerPlace is where an entry stood that stands at a place now; empty when its former parent is gone.
func (t *Target) formerPlace(ctx context.Context, kind directory.Kind, now string, before connector.Former) (string, error) {
	rdn, above := cutDN(now)
	if before.Name != "" {
		rdn = t.spelling(kind, t.rdnOf(kind)) + "=" + goldap.EscapeDN(before.Name)
	}
	if before.Parent == nil || kind == directory.User && t.config.Users.Layout != ByDepartment {
		return rdn + "," + above, nil
	}
	above, _ = t.baseOf(kind)
	if *before.Parent != "" {
		var err error
		if _, above, err = t.locate(ctx, directory.Department, *before.Parent); err != nil {
			if connector.ClassOf(err) == connector.NotFound {
				return "", nil
			}
			return "", err
		}
	}
	return rdn + "," + above, nil
}
