package ldap

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

// contextCSN is where servers that replicate say, at the top entry of their data, which change of each writing server they have last.
const contextCSN = "contextCSN"

var _ connector.Replicated = (*Source)(nil)

// position is the newest change of each writing server, by the name of the data (its top entry) and the number of the server.
type position map[string]string

// positionOf reads what Position gave.
func positionOf(text string) position {
	p := position{}
	for line := range strings.Lines(text) {
		if csn, suffix, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			p.add(suffix, csn)
		}
	}
	return p
}

// add notes a change sequence number: time, count, server and modification, each of a fixed width and separated by #.
func (p position) add(suffix, csn string) {
	parts := strings.Split(csn, "#")
	if len(parts) == 4 {
		p[parts[2]+" "+suffix] = csn
	}
}

func (p position) String() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(p)) {
		_, suffix, _ := strings.Cut(key, " ")
		fmt.Fprintf(&b, "%s %s\n", p[key], suffix)
	}
	return b.String()
}

// moment is the time of a change sequence number, for people.
func moment(csn string) string {
	text, _, _ := strings.Cut(csn, "#")
	at, err := time.Parse("20060102150405.999999Z", text)
	if err != nil {
		return printable(csn)
	}
	return at.Format(time.RFC3339)
}

// lacks says in a sentence what is missing from a server that was to be at least as far as another one; empty if nothing is.
func (p position) lacks(wanted position) string {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		_, suffix, _ := strings.Cut(key, " ")
		switch has, told := p[key]; {
		case !told:
			return fmt.Sprintf("it does not say how far its copy of %q is (%s), as the server of an earlier run did, so it may be filling up still", suffix, contextCSN)
		case has < wanted[key]: // of a fixed width
			return fmt.Sprintf("its copy of %q is behind: it has the changes up to %s, and the server of an earlier run had those up to %s", suffix, moment(has), moment(wanted[key]))
		}
	}
	return ""
}

// Server is the address of the server that serves.
func (s *Source) Server() string { return s.server.url }

// Position reads the contextCSN of the data in which the two bases stand.
func (s *Source) Position(ctx context.Context) (string, error) {
	p, err := s.position(ctx)
	return p.String(), err
}

func (s *Source) position(ctx context.Context) (position, error) {
	suffixes, err := s.suffixes(ctx)
	if err != nil {
		return nil, err
	}
	p := position{}
	for _, suffix := range suffixes {
		q := query{
			attempt: fmt.Sprintf("reading %s of %q", contextCSN, printable(suffix)), base: suffix, scope: goldap.ScopeBaseObject,
			filter: "(objectClass=*)", attributes: []string{contextCSN},
		}
		err := s.search(ctx, q, func(e *wire.Entry) error {
			for _, csn := range values(e, contextCSN) {
				p.add(suffix, csn)
			}
			return nil
		})
		if err != nil && !isResult(err, goldap.LDAPResultNoSuchObject) && !isResult(err, goldap.LDAPResultInsufficientAccessRights) {
			return nil, err
		}
	}
	return p, nil
}

// suffixes are the top entries of the data in which the bases stand, as the server names them.
func (s *Source) suffixes(ctx context.Context) ([]string, error) {
	var contexts []string
	q := query{attempt: "reading what the server holds", scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attributes: []string{"namingContexts"}}
	err := s.search(ctx, q, func(e *wire.Entry) error {
		contexts = slices.Clone(values(e, "namingContexts"))
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(contexts, func(a, b string) int { return len(b) - len(a) }) // one may be part of another
	var found []string
	for _, base := range []string{s.config.Users.BaseDN, s.config.Departments.BaseDN} {
		at := slices.IndexFunc(contexts, func(context string) bool { return base != "" && isBelow(normalOf(base), normalOf(context)) })
		if at >= 0 && !slices.Contains(found, contexts[at]) {
			found = append(found, contexts[at])
		}
	}
	return found, nil
}

// Reach goes over to the first server, from the one in use on, that is as far as text says.
func (s *Source) Reach(ctx context.Context, text string) error {
	wanted := positionOf(text)
	if len(wanted) == 0 {
		return nil
	}
	for {
		has, err := s.position(ctx)
		if err != nil {
			return err
		}
		lack := has.lacks(wanted)
		if lack == "" {
			return nil
		}
		passed := append(slices.Clip(s.server.passed), &connector.Error{Class: connector.Incomplete, Err: fmt.Errorf(
			"%s: %s; nothing was read from it, since what it lacks would look like removed: wait until it has caught up, or put a server that has everything first in urls",
			s.server.url, lack)})
		next, err := connect(ctx, s.config, s.server.index+1, passed)
		if err != nil {
			return err
		}
		old := s.server
		s.server = next
		s.schemaMu.Lock()
		s.schema = nil // it is that of the other server
		s.schemaMu.Unlock()
		if err := old.close(); err != nil {
			return err
		}
	}
}

// Reach does the same for a target, whose connections for writing go to the same server.
func (t *Target) Reach(ctx context.Context, text string) error {
	before := t.server
	if err := t.Source.Reach(ctx, text); err != nil || t.server == before {
		return err
	}
	t.writers.close()
	t.writers = newWriters(t.server, t.config.Concurrency)
	return t.prepare(ctx)
}

// Remarks tell which servers are passed over and why, and what was left out because it stands elsewhere.
func (s *Source) Remarks() []string {
	var remarks []string
	for _, why := range s.server.passed {
		remarks = append(remarks, fmt.Sprintf("%s serves, since another one cannot: %v.", s.server.url, why))
	}
	return append(remarks, s.leftOut.remarks()...)
}

// maxLeftOut is how many references to other servers are remembered for people.
const maxLeftOut = 5

// leftOut remembers which parts were not read because they stand on other servers. The zero value is ready.
type leftOut struct {
	mu    sync.Mutex
	parts []string
}

func (l *leftOut) note(base string, references []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, reference := range references {
		part := fmt.Sprintf("a part below %q stands on another server (%s) and is left out, as referrals: Ignore says.", printable(base), printable(reference))
		if len(l.parts) < maxLeftOut && !slices.Contains(l.parts, part) {
			l.parts = append(l.parts, part)
		}
	}
}

func (l *leftOut) remarks() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.parts)
}
