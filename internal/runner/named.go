package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// named reads what a run needs that is about some entries alone: the departments of both sides, which are few, and of the users those who are
// named and those who could be taken for them. What it costs does not grow with the number of users.
type named struct {
	*reading
	users, departments map[string]bool
	// known are linked users who are not named: that others are not found is believed when some of these are.
	known []state.Link
	// entries are the named users of the source who are in scope, forms what they should be in the target.
	entries map[string]*directory.Entry
	forms   map[string]*mapping.Form
	// reached are the target entries that were added.
	reached map[string]bool
}

// onlyOf is what the run says about whom it is for; nil: for all.
func onlyOf(only *v1alpha1.OnlyEntries) *plan.Only {
	if only == nil {
		return nil
	}
	return &plan.Only{Users: setOf(only.Users), Departments: setOf(only.Departments)}
}

func setOf(ids []string) map[string]bool {
	members := make(map[string]bool, len(ids))
	for _, id := range ids {
		members[id] = true
	}
	return members
}

// readNamed is read for a run that is about some entries alone.
func (e *execution) readNamed(ctx context.Context) (*reading, error) {
	if e.loaded.Rebuilt {
		return nil, &failure{v1alpha1.ReasonFailed, "a run about some entries alone cannot bring back what was lost, and nothing was written: " +
			e.loaded.Notice + ". Run the task once without spec.only"}
	}
	r, err := e.prepareReading(ctx)
	if err != nil {
		return nil, err
	}
	only := onlyOf(e.definition.RunSpec.Only)
	n := &named{
		reading: r, users: only.Users, departments: only.Departments, known: e.someLinked(only.Users),
		entries: map[string]*directory.Entry{}, forms: map[string]*mapping.Form{}, reached: map[string]bool{},
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.noted(sourceEnd, n.readSource(groupCtx)) })
	group.Go(func() error { return e.noted(targetEnd, n.readTarget(groupCtx)) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := n.findCandidates(ctx); err != nil {
		return nil, err
	}
	e.Log.Info("what the run names is read", "users", len(n.users), "departments", len(n.departments))
	return r, nil
}

// someLinked are a few linked users beside those who are named.
func (e *execution) someLinked(users map[string]bool) []state.Link {
	var some []state.Link
	for link := range e.state.Links.Sorted(directory.User) {
		if link.State == state.Active && !users[link.SourceID] {
			if some = append(some, link); len(some) == 2*sentinels {
				break
			}
		}
	}
	return some
}

func (n *named) readSource(ctx context.Context) error {
	departments, err := all(n.source.Departments(ctx, n.mapper.SourceFields(directory.Department)))
	if err != nil {
		return fmt.Errorf("reading the departments: %w", err)
	}
	if err := n.addDepartments(departments); err != nil {
		return err
	}
	n.noteDepartments(departments)
	entries, err := n.lookUp(ctx, sortedKeys(n.users))
	if err != nil {
		return fmt.Errorf("looking up the users: %w", err)
	}
	found := map[string]bool{}
	for i := range entries {
		found[entries[i].ID] = true
		if !n.users[entries[i].ID] {
			n.present[directory.User] = append(n.present[directory.User], entries[i].ID)
			continue
		}
		if err := n.addNamed(&entries[i]); err != nil {
			return err
		}
	}
	return n.noteMissing(found)
}

// lookUp looks users up in the source, together with some who should be there.
func (n *named) lookUp(ctx context.Context, ids []string) ([]directory.Entry, error) {
	for _, link := range n.known {
		ids = append(ids, link.SourceID)
	}
	return n.source.Lookup(ctx, directory.User, ids, union(n.mapper.SourceFields(directory.User), n.chosen.Fields()))
}

// addNamed gives a named user to the planner.
func (n *named) addNamed(entry *directory.Entry) error {
	n.found[directory.User]++
	in, err := n.includes(entry)
	if err == nil && !in {
		n.noteOutside(directory.User, entry.ID, entry.Name)
		return nil
	}
	form, err := n.take(entry)
	if form != nil {
		n.entries[entry.ID], n.forms[entry.ID] = entry, form
	}
	return err
}

// noteOutside says of a named entry that the task is not about it. One that is linked has left the scope, which is for the planner.
func (n *named) noteOutside(kind directory.Kind, id, name string) {
	if n.state.Links.Has(kind, id) {
		return
	}
	n.planner.AddUnlinked(kind, id, name, plan.Decision{Status: plan.Skipped, Reason: plan.ReasonOutOfScope, Message: "the run names this entry, and the source has it, " +
		"but the task's scope or the source's filter leaves it out, so nothing is done to it; widen them if it should be synced"})
}

// noteMissing says of each named user who was not found what that means.
func (n *named) noteMissing(found map[string]bool) error {
	for id := range n.users {
		switch {
		case found[id]:
		case !n.state.Links.Has(directory.User, id):
			n.planner.AddUnlinked(directory.User, id, id, notFound("user", id))
		case len(found) == 0:
			link, _ := n.state.Links.BySource(directory.User, id)
			if err := n.planner.AddUnknown(directory.User, id, link.Name, errNobodyFound); err != nil {
				return err
			}
		}
	}
	return nil
}

var errNobodyFound = errors.New("the source has no user with this ID, and the same look-up found nobody else whom it must have, so that the answer cannot be trusted; " +
	"check the rights of the source's account, or run the task without spec.only, which reads everybody")

func notFound(kind, id string) plan.Decision {
	return plan.Decision{Status: plan.Failed, Reason: plan.ReasonNotFound, Message: fmt.Sprintf(
		"the run names the %s %q, and neither the source nor the task's links have one with this ID; correct the ID in spec.only: it is the source's own (LDAP: the entryUUID), which kubectl synccenter explain TASK user LOGIN shows", kind, id)}
}

// noteDepartments says of each named department without a link why there is nothing to plan, if there is nothing.
func (n *named) noteDepartments(entries []directory.Entry) {
	names := make(map[string]string, len(entries))
	for i := range entries {
		names[entries[i].ID] = entries[i].Name
	}
	for id := range n.departments {
		name, there := names[id]
		switch {
		case !there && !n.state.Links.Has(directory.Department, id):
			n.planner.AddUnlinked(directory.Department, id, id, notFound("department", id))
		case there && n.chosen.Knows(id) && !n.chosen.Department(id):
			n.noteOutside(directory.Department, id, name)
		}
	}
}

// readTarget reads the departments and the target entries of the named users.
func (n *named) readTarget(ctx context.Context) error {
	if err := n.readTargetKind(ctx, directory.Department); err != nil {
		return err
	}
	links := map[string]state.Link{}
	for id := range n.users {
		if link, ok := n.state.Links.BySource(directory.User, id); ok {
			links[link.TargetID] = link
		}
	}
	if len(links) == 0 {
		return nil
	}
	ids := sortedKeys(links)
	for _, link := range n.known {
		ids = append(ids, link.TargetID)
	}
	entries, err := n.target.Lookup(ctx, directory.User, ids, n.targetFields())
	if err != nil {
		return fmt.Errorf("looking up the users: %w", err)
	}
	for i := range entries {
		if _, named := links[entries[i].ID]; named && !entries[i].Filtered {
			if err := n.reach(&entries[i]); err != nil {
				return err
			}
		}
	}
	if len(entries) > 0 {
		return nil
	}
	for id, link := range links {
		if err := n.planner.AddUnknownTarget(directory.User, id, link.Name, errNoTargetFound); err != nil {
			return err
		}
	}
	return nil
}

var errNoTargetFound = errors.New("the target has no entry with this ID, and the same look-up found nobody else who is linked, so that the answer cannot be trusted; " +
	"check the rights of the target's account, or run the task without spec.only, which reads everybody")

func (n *named) targetFields() []string {
	return union(n.mapper.TargetFields(directory.User), n.protected.fields(directory.User))
}

// reach gives a user of the target to the planner, once.
func (n *named) reach(entry *directory.Entry) error {
	if n.reached[entry.ID] {
		return nil
	}
	n.reached[entry.ID] = true
	return n.addTarget(entry)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
