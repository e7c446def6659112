package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// Use proves the rights on entries.
func (c *Checker) Use(ctx context.Context, fields map[directory.Kind][]string) []connector.Step {
	c.steps.list = nil
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		base, _ := c.source.baseOf(kind)
		if base == "" {
			continue
		}
		sample, ok := c.reads(ctx, kind, fields[kind])
		if ok && c.writer != nil {
			c.creates(kind)
			c.changes(ctx, kind, sample, fields[kind])
		}
	}
	c.clock(ctx)
	return c.steps.list
}

// words names entries of a kind in messages and in the names of steps.
func words(kind directory.Kind) string { return strings.ToLower(string(kind)) + "s" }

// sample is what the first page of a read tells.
type sample struct {
	count int
	// whole: there were no more.
	whole bool
	// dn is an entry other than the base, empty when there is none. One with a mark is preferred.
	dn     string
	marked bool
	seen   map[string]bool
}

// reads reads one page as large as those of a run, which also shows a limit of the server.
func (c *Checker) reads(ctx context.Context, kind directory.Kind, fields []string) (*sample, bool) {
	var found *sample
	ok := c.steps.try("read "+words(kind), func() (string, error) {
		var err error
		found, err = c.firstPage(ctx, kind, fields)
		if err != nil {
			return "", err
		}
		return found.describe(kind), nil
	})
	if !ok || c.target || found.count < fewEntries {
		return found, ok
	}
	var never []string
	for _, field := range fields {
		if !found.seen[field] {
			never = append(never, field)
		}
	}
	if len(never) > 0 {
		c.steps.remark(connector.Warning, "%s, and none has a value for %s: if that is not so, the account lacks the right to read it, and it would be emptied in the target",
			found.describe(kind), strings.Join(never, ", "))
	}
	return found, ok
}

// fewEntries is how many entries say nothing about an attribute that none of them has.
const fewEntries = 10

func (s *sample) describe(kind directory.Kind) string {
	switch {
	case s.count == 0:
		return fmt.Sprintf("there are no %s yet", words(kind))
	case s.whole:
		return fmt.Sprintf("%d %s can be read, with their IDs", s.count, words(kind))
	}
	return fmt.Sprintf("the first %d %s can be read, with their IDs", s.count, words(kind))
}

func (c *Checker) firstPage(ctx context.Context, kind directory.Kind, fields []string) (*sample, error) {
	r, err := c.source.reader(ctx, kind, fields)
	if err != nil {
		return nil, err
	}
	base, field := c.source.baseOf(kind)
	filter := c.config.Users.Filter
	if kind == directory.Department {
		filter = c.config.Departments.Filter
	}
	q := query{attempt: fmt.Sprintf("reading the first %s under %s %q", words(kind), field, base), base: base, scope: goldap.ScopeWholeSubtree, filter: filter, attributes: r.attributes}
	normalBase, _ := directory.NormalDN(base)
	found := &sample{whole: true, seen: map[string]bool{}}
	err = c.source.search(ctx, q, func(e *wire.Entry) error {
		if found.count == pageSize {
			found.whole = false
			return errStop
		}
		if normal, ok := directory.NormalDN(e.DN); kind == directory.Department && ok && normal == normalBase {
			return nil // the base is not a department
		}
		entry, _, err := r.entry(e)
		if err != nil {
			return err
		}
		found.note(e, &entry)
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return found, err
}

// note counts an entry, and keeps the first one for trying rights on it.
func (s *sample) note(e *wire.Entry, entry *directory.Entry) {
	s.count++
	for i := range entry.Attributes {
		s.seen[entry.Attributes[i].Name] = true
	}
	if s.dn != "" && (s.marked || entry.Mark == nil) {
		return
	}
	s.dn, s.marked = strings.Clone(e.DN), entry.Mark != nil
}

// maxSkew is how much two clocks may differ. What is in doubt after a crash is settled by the times at which entries were made.
const maxSkew = time.Minute

// clock compares the server's clock with ours, where the server tells its time.
func (c *Checker) clock(ctx context.Context) {
	said, ok := c.serverTime(ctx)
	if !ok {
		c.steps.skip("clock", "the server does not tell its time to this account")
		return
	}
	skew := said.Sub(c.now()).Round(time.Second)
	c.steps.list = append(c.steps.list, connector.Step{Name: "clock", Mark: connector.Passed, Message: fmt.Sprintf("the server's clock differs by %s", skew.Abs())})
	if skew.Abs() > maxSkew {
		c.steps.remark(connector.Warning, "%s: the server's clock differs by %s from that of the cluster's node: set both by the same time service", c.source.server.url, skew.Abs())
	}
}

// serverTime asks where servers are known to tell the time: Active Directory in its root, OpenLDAP in its monitor. A refusal says no more
// than silence.
func (c *Checker) serverTime(ctx context.Context) (said time.Time, ok bool) {
	for _, place := range []struct{ dn, attribute string }{{"", "currentTime"}, {"cn=Current,cn=Time,cn=Monitor", "monitorTimestamp"}} {
		err := c.source.readEntry(ctx, "reading the server's time", place.dn, []string{place.attribute}, func(e *wire.Entry) error {
			text, err := canonical(&directory.Field{Name: place.attribute, Type: directory.Time}, firstValue(e, place.attribute))
			if err == nil {
				said, err = time.Parse(time.RFC3339Nano, text)
			}
			ok = err == nil
			return nil
		})
		if err == nil && ok {
			return said, true
		}
	}
	return said, false
}
