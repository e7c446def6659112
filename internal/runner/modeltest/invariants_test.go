package modeltest

import (
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// check checks what must be true after every run.
func (r *run) check() {
	r.Helper()
	if r.reports.last.Counts == nil { // it ended before it could do anything
		r.untouched()
		return
	}
	v := r.view(r.people, r.links.Links)
	if v.lost {
		r.Fatalf("the scope names what is not there, and the run went on")
	}
	r.recounted()
	r.recordedAsPlanned()
	r.examined(v)
	r.explained()
	r.leftAlone(v)
	r.removedRightly(v)
	r.heldStay(v)
	r.linkedRightly()
	r.guarded(v)
}

// untouched fails if a run that did nothing did something.
func (r *run) untouched() {
	r.Helper()
	if diff := cmp.Diff(r.before, r.after); diff != "" || r.writes > 0 {
		r.Fatalf("a run without records made %d writes: %s", r.writes, diff)
	}
	if diff := cmp.Diff(slices.Collect(r.links.Links.Sorted(directory.User)), slices.Collect(r.linksAfter.Links.Sorted(directory.User))); diff != "" {
		r.Fatalf("a run without records changed links: %s", diff)
	}
}

// recounted fails unless the counts of the report are those of the records.
func (r *run) recounted() {
	r.Helper()
	type tally struct{ total, succeeded, updates, updatesSucceeded int64 }
	entries := map[memory.Key][]history.Record{}
	statuses := map[plan.OperationKind]map[plan.Status]int64{}
	for _, record := range r.records {
		key := memory.Key{Kind: record.Subject, ID: record.SourceID}
		entries[key] = append(entries[key], record)
		if statuses[record.Operation] == nil {
			statuses[record.Operation] = map[plan.Status]int64{}
		}
		statuses[record.Operation][record.Status]++
	}
	tallies := map[directory.Kind]tally{}
	for key, records := range entries {
		t := tallies[key.Kind]
		t.total++
		failed := slices.ContainsFunc(records, func(r history.Record) bool { return r.Status != plan.Succeeded })
		changed := slices.ContainsFunc(records, func(r history.Record) bool { return r.Operation != plan.NoUpdate })
		if !failed {
			t.succeeded++
		}
		if changed {
			t.updates++
		}
		if changed && !failed {
			t.updatesSucceeded++
		}
		tallies[key.Kind] = t
		if changed && slices.ContainsFunc(records, func(r history.Record) bool { return r.Operation == plan.NoUpdate }) {
			r.Fatalf("%s %s has NoUpdate beside something else", key.Kind, key.ID)
		}
	}
	counts := r.reports.last.Counts
	for kind, told := range map[directory.Kind]history.Tally{directory.User: counts.Users, directory.Department: counts.Organizations} {
		if got := (tally{told.Total, told.Succeeded, told.UpdatesTotal, told.UpdatesSucceeded}); got != tallies[kind] {
			r.Fatalf("the report counts %+v entries of kind %s, the records %+v", got, kind, tallies[kind])
		}
	}
	for _, told := range counts.Operations {
		of := statuses[plan.OperationKind(told.Operation)]
		delete(statuses, plan.OperationKind(told.Operation))
		if of[plan.Succeeded] != told.Succeeded || of[plan.Failed] != told.Failed || of[plan.Skipped] != told.Skipped || of[plan.Held] != told.Held {
			r.Fatalf("the report counts %+v, the records %v", told, of)
		}
	}
	if len(statuses) > 0 || counts.Records != int64(len(r.records)) || r.reports.last.Records.Count != counts.Records {
		r.Fatalf("the report has %d records of the stored %d, and leaves out %v", counts.Records, len(r.records), statuses)
	}
}

// recordedAsPlanned fails unless each line of the stored plan has one record.
func (r *run) recordedAsPlanned() {
	r.Helper()
	if r.store.planned == nil {
		return // there was nothing to do
	}
	lines := map[planned]int{}
	for _, line := range r.store.planned {
		lines[line]++
	}
	for _, record := range r.records {
		lines[planned{string(record.Operation), record.Subject, record.SourceID}]--
	}
	for line, left := range lines {
		if left != 0 {
			r.Fatalf("%d more operations than records: %+v", left, line)
		}
	}
}

// examined fails unless every source entry that the task is about, or of which that is not known, has a record.
func (r *run) examined(v *view) {
	r.Helper()
	recorded := map[memory.Key]bool{}
	for _, record := range r.records {
		recorded[memory.Key{Kind: record.Subject, ID: record.SourceID}] = true
	}
	for key := range r.people {
		if stands := v.standing(key); (stands == in || stands == unknown) && !recorded[key] {
			r.Fatalf("%s %s is %s and has no record", key.Kind, key.ID, stands)
		}
	}
}

// leftAlone fails if something was done to an entry that is none of ours, protected, not understood, or unknown in the source.
func (r *run) leftAlone(v *view) {
	r.Helper()
	s := &story{run: r, able: r.target.Config().Capabilities}
	for key, was := range r.before {
		why := r.handsOff(v, was)
		if why == "" {
			r.unreadableStays(was)
			continue
		}
		told := was.Clone()
		for gone := range r.before {
			if r.after[gone] == nil && gone.Kind == directory.User && r.target.Config().Tidy {
				dropReference(told, memory.Reference(gone.ID))
			}
		}
		is := r.after[key]
		if is == nil {
			r.Fatalf("%s %s is gone, and it is %s", key.Kind, key.ID, why)
		}
		is = is.Clone()
		if why == "unknown in the source" && key.Kind == directory.Department {
			told.Members, is.Members = nil, nil // who is known may come and go
		}
		if diff := s.compare(told, is); diff != "" {
			r.Fatalf("%s %s was changed, and it is %s (-was +is):\n%s", key.Kind, key.ID, why, diff)
		}
		if before, after := membersOf(r.before, key), membersOf(r.after, key); key.Kind == directory.User && !slices.Equal(before, after) {
			r.Fatalf("user %s was member of %q and is of %q, and it is %s", key.ID, before, after, why)
		}
	}
}

// membersOf are the departments that name a user.
func membersOf(entries map[memory.Key]*memory.Entry, user memory.Key) (ids []string) {
	for key, entry := range entries {
		if slices.Contains(entry.Members, memory.Reference(user.ID)) {
			ids = append(ids, key.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// handsOff says why nothing may be done to a target entry; empty when something may.
func (r *run) handsOff(v *view, was *memory.Entry) string {
	key := was.Key()
	link, linked := r.links.Links.ByTarget(key.Kind, key.ID)
	_, linkedNow := r.linksAfter.Links.ByTarget(key.Kind, key.ID)
	protected, field := r.spec.Protected.Users, "position"
	if key.Kind == directory.Department {
		protected, field = r.spec.Protected.Departments, "key"
	}
	switch {
	case was.Broken != "":
		return "not understood"
	case protected != "" && slices.Contains(was.Hidden, field):
		return "perhaps protected"
	case protected != "" && was.First(field) == "protected":
		return "protected"
	case r.marks(key.Kind) && was.Mark != nil && was.Mark.Owner != owner:
		return "another owner's"
	case !linked && !linkedNow && slices.ContainsFunc(r.records, func(h history.Record) bool { return inDoubt(&h) && h.Subject == key.Kind && h.TargetID == key.ID }):
		return "" // it may have become ours
	case !linked && !linkedNow:
		return "not linked"
	case linked && v.standing(memory.Key{Kind: key.Kind, ID: link.SourceID}) == unknown:
		return "unknown in the source"
	}
	return ""
}

// marks reports that target entries of a kind have a place for a mark.
func (w *world) marks(kind directory.Kind) bool {
	if kind == directory.Department {
		return w.target.Config().Capabilities.DepartmentMark
	}
	return w.target.Config().Capabilities.UserMark
}

func dropReference(entry *memory.Entry, reference string) {
	named := func(value string) bool { return value == reference }
	entry.Members, entry.Leaders = slices.DeleteFunc(entry.Members, named), slices.DeleteFunc(entry.Leaders, named)
	entry.Set("boss", slices.DeleteFunc(entry.Fields["boss"], named)...)
}

// unreadableStays fails if a field that could not be read, on either side, was written.
func (r *run) unreadableStays(was *memory.Entry) {
	r.Helper()
	is := r.after[was.Key()]
	link, linked := r.linksAfter.Links.ByTarget(was.Kind, was.ID)
	if is == nil || !linked {
		return
	}
	hidden := slices.Clone(was.Hidden)
	if source := r.people[memory.Key{Kind: was.Kind, ID: link.SourceID}]; source != nil {
		for _, field := range source.Hidden {
			if to := pairs[was.Kind][field]; to != "" {
				hidden = append(hidden, to)
			}
		}
	}
	for _, field := range hidden {
		if field == "boss" && r.target.Config().Tidy {
			continue // the directory itself changes it
		}
		if !slices.Equal(was.Fields[field], is.Fields[field]) {
			r.Fatalf("%s of %s %s could not be read and was changed from %q to %q", field, was.Kind, was.ID, was.Fields[field], is.Fields[field])
		}
	}
}

// removal is what was taken away.
type removal struct {
	link state.Link
	// gone: the entry; off: the account; lost: the last department.
	gone, off, lost bool
}

// removals compares the two pictures.
func (r *run) removals() (list []removal) {
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		for link := range r.links.Links.Sorted(kind) {
			key := memory.Key{Kind: kind, ID: link.TargetID}
			was, is := r.before[key], r.after[key]
			if was == nil {
				continue
			}
			one := removal{link: link, gone: is == nil}
			if is != nil && kind == directory.User {
				one.off = is.Disabled && !was.Disabled
				one.lost = len(r.ours(r.before, was)) > 0 && len(r.ours(r.after, is)) == 0
			}
			if one.gone || one.off || one.lost {
				list = append(list, one)
			}
		}
	}
	return list
}

// ours are the departments of a target user that were linked before the run, or are since.
func (r *run) ours(entries map[memory.Key]*memory.Entry, user *memory.Entry) []string {
	departments := slices.Clone(user.Departments)
	if r.target.Config().Capabilities.Membership == directory.OnDepartment {
		departments = membersOf(entries, user.Key())
	}
	return slices.DeleteFunc(departments, func(id string) bool {
		_, before := r.links.Links.ByTarget(directory.Department, id)
		_, after := r.linksAfter.Links.ByTarget(directory.Department, id)
		return !before && !after
	})
}

// removedRightly fails if something was taken away that the source has, or that the policy keeps.
func (r *run) removedRightly(v *view) {
	r.Helper()
	for _, one := range r.removals() {
		link := one.link
		if moved, linked := r.linksAfter.Links.ByTarget(link.Kind, link.TargetID); linked && moved.SourceID != link.SourceID && !one.gone {
			link = moved // it belongs to somebody else by now
		}
		key := memory.Key{Kind: link.Kind, ID: link.SourceID}
		stands := v.standing(key)
		switch {
		case stands == unknown:
			r.Fatalf("something was taken from %s %s, which is unknown: %+v", key.Kind, key.ID, one)
		case stands == in && (one.gone || one.off):
			r.Fatalf("%s %s is in the source and was removed: %+v", key.Kind, key.ID, one)
		case stands == in:
			if departments, complete := v.departments(r.people[key]); !complete || len(departments) > 0 {
				r.Fatalf("user %s lost the last department and has %q in the source (all known: %t)", key.ID, departments, complete)
			}
		}
		if one.gone || one.off {
			r.removedByPolicy(one)
		}
	}
}

func (r *run) removedByPolicy(one removal) {
	r.Helper()
	action := string(r.spec.Deletion.Users.Action)
	if one.link.Kind == directory.Department {
		action = string(r.spec.Deletion.Departments.Action)
	}
	after := r.spec.Deletion.Users.DeleteAfter
	late := after != nil && one.link.Kind == directory.User &&
		(one.link.State == state.Disabled && one.link.Since.Before(time.Now().Add(-after.Duration)) || one.link.State == state.Held && one.link.Off)
	if one.gone && action != "Delete" && !late || one.off && action != "Disable" {
		r.Fatalf("%s %s was removed, and the policy is %s: %+v", one.link.Kind, one.link.SourceID, action, one)
	}
	was := r.before[memory.Key{Kind: one.link.Kind, ID: one.link.TargetID}]
	if r.marks(was.Kind) && was.Mark != nil && *was.Mark != (directory.Mark{Owner: owner, SourceID: one.link.SourceID}) {
		r.Fatalf("%s %s was removed, and its mark is %+v", one.link.Kind, one.link.SourceID, *was.Mark)
	}
}

// heldStay fails if something was taken from somebody whose removal waits for a person: a department, or that another entry names them.
func (r *run) heldStay(v *view) {
	r.Helper()
	for link := range r.linksAfter.Links.Sorted(directory.User) {
		key := memory.Key{Kind: directory.User, ID: link.SourceID}
		held := memory.Key{Kind: directory.User, ID: link.TargetID}
		was, is := r.before[held], r.after[held]
		if stands := v.standing(key); link.State != state.Held || stands != absent && stands != out || was == nil || is == nil || r.triedToRemove(key) {
			continue
		}
		if !slices.Equal(slices.Sorted(slices.Values(was.Departments)), slices.Sorted(slices.Values(is.Departments))) ||
			!slices.Equal(membersOf(r.before, held), membersOf(r.after, held)) {
			r.Fatalf("the removal of user %s is held, and the departments changed from %q %q to %q %q", key.ID, was.Departments, membersOf(r.before, held), is.Departments, membersOf(r.after, held))
		}
		for other, before := range r.before {
			after, reference := r.after[other], memory.Reference(held.ID)
			if after == nil {
				continue
			}
			if slices.Contains(before.Leaders, reference) && !slices.Contains(after.Leaders, reference) {
				r.Fatalf("the removal of user %s is held, and %s %s does not name it as leader any more", key.ID, other.Kind, other.ID)
			}
			if slices.Contains(before.Fields["boss"], reference) && len(after.Fields["boss"]) == 0 {
				r.Fatalf("the removal of user %s is held, and %s %s does not name it as boss any more", key.ID, other.Kind, other.ID)
			}
		}
	}
}

// triedToRemove reports that a run was to remove somebody, whatever came of it.
func (r *run) triedToRemove(key memory.Key) bool {
	return slices.ContainsFunc(r.records, func(h history.Record) bool {
		return h.Subject == key.Kind && h.SourceID == key.ID && h.Operation == plan.DeleteUser && h.Status != plan.Held
	})
}

// linkedRightly fails if an entry became ours that must not, or a link came or went without a record.
func (r *run) linkedRightly() {
	r.Helper()
	matching := r.spec.Matching
	told := map[memory.Key]history.Record{}
	for _, record := range r.records {
		if record.Status == plan.Succeeded && record.TargetID != "" && record.Operation != plan.NoUpdate {
			told[memory.Key{Kind: record.Subject, ID: record.TargetID}] = record
		}
	}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		for link := range r.linksAfter.Links.Sorted(kind) {
			key := memory.Key{Kind: kind, ID: link.TargetID}
			old, linked := r.links.Links.ByTarget(kind, link.TargetID)
			was := r.before[key]
			switch {
			case linked && old.SourceID == link.SourceID:
				continue
			case told[key].SourceID != link.SourceID:
				r.Fatalf("%s %s is linked to %s, and no record says so", kind, link.SourceID, link.TargetID)
			case was == nil: // it was made
			case linked && matching.Relink != v1alpha1.MatchAllow:
				r.Fatalf("%s %s took over the target entry of %s, and matching.relink is %s", kind, link.SourceID, old.SourceID, matching.Relink)
			case r.marks(kind) && was.Mark != nil && was.Mark.Owner != owner:
				r.Fatalf("%s %s took over an entry with the mark of %s", kind, link.SourceID, was.Mark.Owner)
			case matching.Adopt != v1alpha1.MatchAllow && !linked && !(r.marks(kind) && was.Mark != nil && was.Mark.SourceID == link.SourceID):
				r.Fatalf("%s %s took over %s, and matching.adopt is %s", kind, link.SourceID, link.TargetID, matching.Adopt)
			}
		}
	}
}

// guarded fails if a run did more than the limits allow.
func (r *run) guarded(v *view) {
	r.Helper()
	guard := r.spec.Guard
	now := map[directory.Kind]int64{}
	for key := range r.people {
		if stands := v.standing(key); stands == in || stands == unknown {
			now[key.Kind]++
		}
	}
	if got := (state.Size{Users: now[directory.User], Departments: now[directory.Department]}); r.linksAfter.LastRead != got {
		r.Fatalf("the run remembers to have read %+v, and it was %+v", r.linksAfter.LastRead, got)
	}
	active := r.links.Links.Count(directory.User, state.Active) + r.links.Links.Count(directory.Department, state.Active)
	if now[directory.User] == 0 && r.links.Links.Count(directory.User, state.Active) > 0 {
		r.Fatalf("the source gave nobody, and the run went on")
	}
	for _, kind := range []struct{ last, now int64 }{
		{r.links.LastRead.Users, now[directory.User]}, {r.links.LastRead.Departments, now[directory.Department]},
	} {
		if over(kind.last-kind.now, int64(guard.Shrink.Percent), kind.last) {
			r.Fatalf("the source shrank from %d to %d, and the run went on", kind.last, kind.now)
		}
	}
	r.changedLittle()
	people, all := map[string]bool{}, int64(0)
	for _, one := range r.removals() {
		if all++; one.link.Kind == directory.User {
			people[one.link.SourceID] = true
		}
	}
	total := all + r.removedLately()
	floor, percent, count := int64(*guard.Removals.Floor), int64(*guard.Removals.Percent), int64(*guard.Removals.Count)
	if r.override == nil && all > 0 && total > floor && (total*100 > percent*active || total > count) {
		r.Fatalf("%d removals, %d with those of the window, of %d active links: guard.removals is %d, %d%%, %d", all, total, active, floor, percent, count)
	}
	r.taken = append(r.taken, taken{time.Now(), int64(len(people))})
}

// taken is how many people something was taken from in one run.
type taken struct {
	at     time.Time
	people int64
}

func (r *run) removedLately() (people int64) {
	from := time.Now().Add(-24 * time.Hour).Truncate(time.Hour)
	for _, one := range r.taken {
		if !one.at.Truncate(time.Hour).Before(from) {
			people += one.people
		}
	}
	return people
}

func over(part, percent, whole int64) bool { return part > 3 && part*100 > percent*whole }

// changedLittle looks at how many people were updated, and how many lost a value.
func (r *run) changedLittle() {
	r.Helper()
	guard := r.spec.Guard
	var compared, changed int64
	cleared := map[string]int64{}
	for link := range r.linksAfter.Links.Sorted(directory.User) {
		key := memory.Key{Kind: directory.User, ID: link.TargetID}
		was, is := r.before[key], r.after[key]
		if was == nil || is == nil {
			continue
		}
		compared++
		for field := range union(was.Fields, is.Fields) {
			if len(was.Fields[field]) > 0 && len(is.Fields[field]) == 0 && field != "boss" {
				cleared[field]++
			}
		}
		had, has := maps.Clone(was.Fields), maps.Clone(is.Fields)
		delete(had, "boss") // the directory itself changes it
		delete(has, "boss")
		if !maps.EqualFunc(had, has, slices.Equal) {
			changed++
		}
	}
	first := r.links.LastSequence == 0
	if !first && over(changed, int64(guard.Changed.Percent), compared) {
		r.Fatalf("%d of %d people were updated, and guard.changed allows %d%%", changed, compared, guard.Changed.Percent)
	}
	for field, count := range cleared {
		if over(count, int64(guard.Cleared.Percent), compared) {
			r.Fatalf("%q was emptied for %d of %d people, and guard.cleared allows %d%%", field, count, compared, guard.Cleared.Percent)
		}
	}
}
