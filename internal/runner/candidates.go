package runner

import (
	"context"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

// wanted is what users are looked for by: criteria, and what tells whether an entry that was read in another way meets one.
type wanted struct {
	criteria []connector.Criterion
	// fields are those that must be found by the directory itself; else all users are read.
	fields []mapping.Probe
	keys   map[string]bool
	marks  map[directory.Mark]bool
	keysOf func(*directory.Entry) []string
	// everybody is wanted, whoever meets a criterion.
	everybody bool
}

func newWanted(keysOf func(*directory.Entry) []string) *wanted {
	return &wanted{keys: map[string]bool{}, marks: map[directory.Mark]bool{}, keysOf: keysOf}
}

// key tells the keys of different rules apart.
func ruleKey(rule int, key string) string { return fmt.Sprintf("%d %s", rule, key) }

// rules asks for whoever matches a form by one of the rules.
func (w *wanted) rules(form *mapping.Form, probes [][]mapping.Probe) {
	for rule, key := range form.Keys {
		if key != "" {
			w.keys[ruleKey(rule, key)] = true
		}
	}
	for _, rule := range probes {
		w.criteria = append(w.criteria, criterionOf(rule))
		w.fields = append(w.fields, rule...)
	}
}

func (w *wanted) mark(mark directory.Mark) {
	w.marks[mark] = true
	w.criteria = append(w.criteria, connector.Criterion{Mark: &mark})
}

func criterionOf(rule []mapping.Probe) connector.Criterion {
	var criterion connector.Criterion
	for _, probe := range rule {
		for _, value := range probe.Values {
			criterion.Values = append(criterion.Values, connector.FieldValue{Field: probe.Field, Value: value})
		}
	}
	return criterion
}

// meets reports that an entry is one of those that are looked for.
func (w *wanted) meets(entry *directory.Entry) bool {
	for rule, key := range w.keysOf(entry) {
		if key != "" && w.keys[ruleKey(rule, key)] {
			return true
		}
	}
	return entry.Mark != nil && w.marks[*entry.Mark]
}

// findCandidates reads whom matching may take the named users without a target entry for, on both sides.
func (n *named) findCandidates(ctx context.Context) error {
	unpaired := map[string]*directory.Entry{}
	for id, entry := range n.entries {
		if link, linked := n.state.Links.BySource(directory.User, id); !linked || !n.reached[link.TargetID] {
			unpaired[id] = entry
		}
	}
	if err := n.noted(sourceEnd, n.findRivals(ctx, unpaired)); err != nil {
		return err
	}
	besides, err := n.findMatches(ctx, unpaired)
	if err != nil {
		return n.noted(targetEnd, err)
	}
	return n.noted(sourceEnd, n.noteAbsent(ctx, besides))
}

// findRivals adds the other users of the source without a link who hold what the named ones are matched by: of two who match one target entry
// neither may take it.
func (n *named) findRivals(ctx context.Context, unpaired map[string]*directory.Entry) error {
	w := newWanted(n.mapper.KeysOf)
	for _, id := range sortedKeys(unpaired) {
		_, here := n.mapper.Probes(unpaired[id])
		w.rules(n.forms[id], here)
	}
	fields := union(n.mapper.SourceFields(directory.User), n.chosen.Fields())
	return n.search(ctx, n.source, w, fields, func(entry *directory.Entry) error {
		if n.users[entry.ID] || n.state.Links.Has(directory.User, entry.ID) || !w.meets(entry) {
			return nil
		}
		form, ok := n.rival(entry)
		if !ok {
			return nil
		}
		unpaired[entry.ID], n.forms[entry.ID] = entry, form
		return n.planner.AddSource(form)
	})
}

// rival is what somebody should be in the target. False: who is not known, or not in scope, takes nothing from anybody.
func (n *named) rival(entry *directory.Entry) (*mapping.Form, bool) {
	if in, err := n.includes(entry); err != nil || !in {
		return nil, false
	}
	form, err := n.mapper.Map(*entry)
	return &form, err == nil
}

// findMatches adds the target entries that matching may find, and those that hold an identifier which a named user is to get. It answers with
// the source IDs of those who are linked to others.
func (n *named) findMatches(ctx context.Context, unpaired map[string]*directory.Entry) ([]string, error) {
	w := newWanted(func(entry *directory.Entry) []string { return n.mapper.Observe(*entry).Keys })
	able := n.target.Capabilities()
	for _, id := range sortedKeys(unpaired) {
		there, _ := n.mapper.Probes(unpaired[id])
		w.rules(n.forms[id], there)
		if able.UserMark {
			w.mark(directory.Mark{Owner: n.definition.Owner, SourceID: id})
		}
	}
	if err := n.addIdentifiers(ctx, w, able.UserIdentifier); err != nil {
		return nil, err
	}
	// Which numbers are free only all of them tell.
	w.everybody = len(n.mapper.Numbered()) > 0 && len(n.entries) > 0
	var besides []string
	err := n.search(ctx, n.target, w, n.targetFields(), func(entry *directory.Entry) error {
		if source, linked := n.state.Links.SourceOf(directory.User, entry.ID); linked && !n.users[source] && w.meets(entry) {
			besides = append(besides, source)
		}
		return n.reach(entry)
	})
	return besides, err
}

// addIdentifiers also asks for whoever holds the identifiers that named users are to have, where the target finds them by itself: nobody can
// have one of those, and the record can say so.
func (n *named) addIdentifiers(ctx context.Context, w *wanted, identifier string) error {
	field, mapped := n.mapper.Field(directory.User, identifier)
	finder, ok := n.target.(connector.Finder)
	if !mapped || !ok {
		return nil
	}
	if finds, err := finder.Finds(ctx, identifier, field.Equality); err != nil || !finds {
		return err
	}
	for _, id := range sortedKeys(n.entries) {
		if values := n.forms[id].Fields.Get(identifier); len(values) > 0 {
			w.criteria = append(w.criteria, connector.Criterion{Values: []connector.FieldValue{{Field: identifier, Value: values[0]}}})
		}
	}
	return nil
}

// search gives the users of one side who meet a criterion. Where the directory cannot find them all users are read.
func (n *named) search(ctx context.Context, from connector.Source, w *wanted, fields []string, each func(*directory.Entry) error) error {
	if len(w.criteria) == 0 && !w.everybody {
		return nil
	}
	finder, err := finderFor(ctx, from, w)
	if err != nil {
		return err
	}
	if finder == nil || w.everybody {
		return n.searchAll(ctx, from, w, fields, each)
	}
	entries, err := finder.FindUsers(ctx, w.criteria, fields)
	if err != nil {
		return fmt.Errorf("looking for the users whom matching may find: %w", err)
	}
	for i := range entries {
		if err := each(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

// finderFor is the source as one that finds what is wanted; nil: it does not.
func finderFor(ctx context.Context, from connector.Source, w *wanted) (connector.Finder, error) {
	finder, ok := from.(connector.Finder)
	if !ok {
		return nil, nil
	}
	asked := map[string]bool{}
	for _, probe := range w.fields {
		if asked[probe.Field+string(probe.Equality)] {
			continue
		}
		asked[probe.Field+string(probe.Equality)] = true
		if finds, err := finder.Finds(ctx, probe.Field, probe.Equality); err != nil || !finds {
			return nil, err
		}
	}
	return finder, nil
}

func (n *named) searchAll(ctx context.Context, from connector.Source, w *wanted, fields []string, each func(*directory.Entry) error) error {
	for entry, err := range from.Users(ctx, fields) {
		if err != nil {
			return fmt.Errorf("reading the users, since the directory cannot look for what matching compares: %w", err)
		}
		if !w.everybody && !w.meets(&entry) {
			continue
		}
		if err := each(&entry); err != nil {
			return err
		}
	}
	return nil
}

// noteAbsent tells the planner who of some linked users is no longer in the source, or out of scope. Of whom it cannot be told that is not so.
func (n *named) noteAbsent(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	entries, err := n.lookUp(ctx, slices.Clone(ids))
	if err != nil {
		return fmt.Errorf("looking up the users whose target entries matching found: %w", err)
	}
	if len(entries) == 0 {
		return nil
	}
	there := map[string]bool{}
	for i := range entries {
		in, err := n.includes(&entries[i])
		there[entries[i].ID] = in || err != nil
	}
	for _, id := range ids {
		if !there[id] {
			n.planner.AddAbsent(id)
		}
	}
	return nil
}
