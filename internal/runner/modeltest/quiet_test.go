package modeltest

import (
	"context"
	"slices"
	"strings"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// quiet lets nothing more happen: within a few runs the target must be as the source says, and the next one writes nothing. Right after a run
// in which everything succeeded nothing is left to do.
func (w *world) quiet() {
	w.Helper()
	lax := &v1alpha1.ShareLimit{Percent: 100}
	w.task.Spec.Guard.Shrink, w.task.Spec.Guard.Cleared, w.task.Spec.Guard.Changed = lax, lax, lax
	v := w.view(w.source.Snapshot(), w.state().Links)
	if v.lost {
		w.task.Spec.Scope.Departments = v1alpha1.DepartmentScope{}
	}
	all := int32(1000)
	override := &v1alpha1.GuardOverride{Reason: "a test", Removals: &v1alpha1.RemovalLimitsOverride{Floor: &all}}
	var last *run
	for range mostQuietRuns {
		r := w.begin(override)
		if err := r.attempt(context.Background(), false); err != nil {
			r.Fatalf("a run without trouble did not end: %v", err)
		}
		r.end()
		w.Logf("quiet %s", r.describe())
		r.check()
		if r.outcome().Result == report.Failed {
			return // the source is empty: nothing is ever done then
		}
		r.reasonable()
		rested := last != nil && (last.succeeded() || last.writes == 0 && !last.held())
		if rested && r.writes > 0 {
			r.Fatalf("a run after quiet made %d writes", r.writes)
		}
		if r.writes == 0 && (rested || last != nil && last.writes == 0) {
			r.inStep()
			return
		}
		last = r
	}
	w.Fatalf("%d runs without trouble still find something to do", mostQuietRuns)
}

// mostQuietRuns is in how many runs everything must have come to rest: what a run cannot do yet, since something is in its way that the same run
// removes, is done by the next one.
const mostQuietRuns = 6

// succeeded reports that everything which was to be done was done.
func (r *run) succeeded() bool {
	return !slices.ContainsFunc(r.records, func(record history.Record) bool { return record.Status != plan.Succeeded })
}

// held reports that something was held: the next run looks at it again, since it overrides the limits.
func (r *run) held() bool {
	return slices.ContainsFunc(r.records, func(record history.Record) bool { return record.Status == plan.Held })
}

// reasonable fails if an operation failed for a reason that there cannot be when nothing goes wrong.
func (r *run) reasonable() {
	r.Helper()
	for _, record := range r.records {
		source := r.people[memory.Key{Kind: record.Subject, ID: record.SourceID}]
		if record.Reason == "LookupFailed" && (source != nil || strings.Contains(record.Message, "entry is known to be in the source")) {
			continue // of this entry, or of all that the source has, nothing is known
		}
		switch record.Reason {
		case "NotFound", "Invalid", "Unavailable", "Busy", "RateLimited", "Permission", "Error", "InDoubt", "NotReached", "LookupFailed", "StillInSource":
			r.Fatalf("nothing went wrong, and yet: %s", describe(&record))
		case "Conflict":
			r.blocked(record)
		}
	}
}

// blocked fails unless a name that was refused belongs to somebody else, who did not give it up in the same run.
func (r *run) blocked(record history.Record) {
	r.Helper()
	if record.Operation == plan.DeleteDepartment && r.occupied(record.TargetID) {
		return
	}
	field := r.target.Config().Capabilities.UserIdentifier
	if record.Subject == directory.Department {
		field = r.target.Config().Capabilities.DepartmentName
	}
	if moved := r.before[memory.Key{Kind: record.Subject, ID: record.TargetID}]; record.Operation == plan.MoveDepartment && r.inUse(record, field, moved.First(field)) {
		return
	}
	for _, change := range record.Changes {
		if change.Field == plan.FieldParent && len(change.After) == 1 && r.excused()[memory.Key{Kind: directory.Department, ID: change.After[0]}] != "" {
			return
		}
		if change.Field == field && len(change.After) == 1 && r.inUse(record, field, change.After[0]) {
			return
		}
	}
	r.Fatalf("nobody who stays has what was refused: %s", describe(&record))
}

// occupied reports that somebody is in a department who is none of ours, or of whom a record says why.
func (r *run) occupied(id string) bool {
	for key, entry := range r.after {
		link, linked := r.linksAfter.Links.ByTarget(key.Kind, key.ID)
		stays := !linked || link.State != state.Active || r.excused()[memory.Key{Kind: key.Kind, ID: link.SourceID}] != ""
		if stays && (key.Kind == directory.Department && entry.Parent == id || slices.Contains(entry.Departments, id) || slices.Contains(membersOf(r.after, key), id)) {
			return true
		}
	}
	return slices.ContainsFunc(r.after[memory.Key{Kind: directory.Department, ID: id}].Members, func(member string) bool {
		user, _ := memory.Referred(member)
		return r.after[memory.Key{Kind: directory.User, ID: user}] == nil // nobody of this directory, or nobody any more
	})
}

// inUse reports that another entry has a name, also now that the run is over.
func (r *run) inUse(record history.Record, name, value string) bool {
	field := r.field(record.Subject, name)
	for key, entry := range r.after {
		if key.Kind == record.Subject && key.ID != record.TargetID && field.Equality.Key(entry.First(name)) == field.Equality.Key(value) {
			return true
		}
	}
	return false
}

// inStep fails unless every source entry that the task is about has a target entry that says the same, or a record that says why not.
func (r *run) inStep() {
	r.Helper()
	v := r.view(r.people, r.linksAfter.Links)
	excused := r.excused()
	for key, source := range r.people {
		if v.standing(key) != in || excused[key] != "" {
			continue
		}
		link, linked := r.linksAfter.Links.BySource(key.Kind, key.ID)
		target := r.after[memory.Key{Kind: key.Kind, ID: link.TargetID}]
		if !linked || target == nil {
			r.Fatalf("%s %s has no target entry, and no record says why", key.Kind, key.ID)
		}
		if link.State != state.Active {
			r.Fatalf("%s %s is in the source, and its link is %s", key.Kind, key.ID, link.State)
		}
		r.sameFields(source, target)
		if key.Kind == directory.Department {
			r.sameDepartment(v, source, target, excused)
		} else {
			r.sameUser(v, source, target, &link, excused)
		}
	}
	r.leaversGone(v, excused)
}

// excused are the source entries of which a record says that something was not done.
func (r *run) excused() map[memory.Key]string {
	excused := map[memory.Key]string{}
	for _, record := range r.records {
		if record.Status != plan.Succeeded {
			excused[memory.Key{Kind: record.Subject, ID: record.SourceID}] += describe(&record) + "\n"
		}
	}
	return excused
}

// sameFields compares what is copied, as the target stores it.
func (r *run) sameFields(source, target *memory.Entry) {
	r.Helper()
	for from, to := range pairs[source.Kind] {
		field := r.field(source.Kind, to)
		if field.Type == directory.Reference || slices.Contains(source.Hidden, from) || slices.Contains(target.Hidden, to) {
			continue
		}
		var want []string
		for _, value := range source.Fields[from] {
			if normal := r.target.Config().Normalise[to]; normal != nil {
				value = normal(value)
			}
			want = append(want, value)
		}
		if !slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(target.Fields[to]))) {
			r.Fatalf("%s of %s %s is %q, and the source says %q", to, source.Kind, source.ID, target.Fields[to], want)
		}
	}
}

// targetOf is the target entry of a source entry.
func (r *run) targetOf(kind directory.Kind, id string) (string, bool) {
	link, ok := r.linksAfter.Links.BySource(kind, id)
	return link.TargetID, ok
}

func (r *run) sameDepartment(v *view, source, target *memory.Entry, excused map[memory.Key]string) {
	r.Helper()
	able := r.target.Config().Capabilities
	if able.Nested {
		want, _ := r.targetOf(directory.Department, source.Parent)
		if target.Parent != want && excused[memory.Key{Kind: directory.Department, ID: source.Parent}] == "" {
			r.Fatalf("department %s stands below %q, not below %q (%s in the source)", source.ID, target.Parent, want, source.Parent)
		}
	}
	if able.Leaders {
		r.sameReferences(v, "leaders of department "+source.ID, source.Leaders, target.Leaders, excused)
	}
}

// sameReferences compares what the task answers for in two lists of references.
func (r *run) sameReferences(v *view, what string, source, target []string, excused map[memory.Key]string) {
	r.Helper()
	var want, got []string
	for _, reference := range source {
		id, _ := memory.Referred(reference)
		key := memory.Key{Kind: directory.User, ID: id}
		stands := v.standing(key)
		if linked, ok := r.targetOf(directory.User, id); ok && (stands == in || stands == unknown) && excused[key] == "" {
			want = append(want, memory.Reference(linked))
		}
	}
	for _, reference := range target {
		id, named := memory.Referred(reference)
		if link, linked := r.linksAfter.Links.ByTarget(directory.User, id); named && linked && excused[memory.Key{Kind: directory.User, ID: link.SourceID}] == "" {
			got = append(got, reference)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if want = slices.Compact(want); !slices.Equal(want, got) {
		r.Fatalf("%s are %q, and the source says %q (%q)", what, got, want, source)
	}
}

func (r *run) sameUser(v *view, source, target *memory.Entry, link *state.Link, excused map[memory.Key]string) {
	r.Helper()
	able := r.target.Config().Capabilities
	if !slices.Contains(source.Hidden, "manager") && !slices.Contains(target.Hidden, "boss") {
		r.sameReferences(v, "boss of user "+source.ID, source.Fields["manager"], target.Fields["boss"], excused)
	}
	if able.Membership == directory.NoMembership || link.HeldLoss != nil {
		return
	}
	ids, complete := v.departments(source)
	var want []string
	for _, id := range ids {
		linked, ok := r.targetOf(directory.Department, id)
		if excused[memory.Key{Kind: directory.Department, ID: id}] != "" || !ok {
			return
		}
		want = append(want, linked)
	}
	got := slices.DeleteFunc(r.ours(r.after, target), func(id string) bool {
		link, _ := r.linksAfter.Links.ByTarget(directory.Department, id)
		return excused[memory.Key{Kind: directory.Department, ID: link.SourceID}] != "" // it may have kept its people
	})
	if !complete {
		got = slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(want, id) })
	}
	switch {
	case able.SingleDepartment && complete:
		want = want[:min(1, len(want))]
	case able.SingleDepartment:
		return
	case able.MainDepartment && len(want) > 0 && (len(got) == 0 || got[0] != want[0]) && complete:
		r.Fatalf("the main department of user %s is not %s: %q", source.ID, want[0], got)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		r.Fatalf("user %s is in %q, and the source says %q (%q)", source.ID, got, want, ids)
	}
}

// leaversGone fails if a link is left of somebody who left the source, and the policy removes such entries.
func (r *run) leaversGone(v *view, excused map[memory.Key]string) {
	r.Helper()
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		for link := range r.linksAfter.Links.Sorted(kind) {
			key := memory.Key{Kind: kind, ID: link.SourceID}
			stands := v.standing(key)
			target := r.after[memory.Key{Kind: kind, ID: link.TargetID}]
			if target == nil && excused[key] == "" {
				r.Fatalf("%s %s is linked to %s, which is not there", kind, link.SourceID, link.TargetID)
			}
			if stands != absent && stands != out || excused[key] != "" {
				continue
			}
			after := r.spec.Deletion.Users.DeleteAfter
			due := after != nil && link.Since != nil && link.Since.Before(time.Now().Add(-after.Duration))
			switch {
			case kind == directory.User && (link.State == state.Released || link.State == state.Disabled && !due):
			case kind == directory.Department && link.State == state.Released:
			default:
				r.Fatalf("%s %s left the source, and its link is still %s", kind, link.SourceID, link.State)
			}
		}
	}
}

// field describes a target field.
func (w *world) field(kind directory.Kind, name string) directory.Field {
	schema := w.target.Config().Schema
	field, _ := schema.Field(kind, name)
	return field
}
