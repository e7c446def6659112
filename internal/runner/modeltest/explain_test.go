package modeltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
)

// story tells what the records of a run say about a target: from the picture of it before the run, record by record. It knows nothing of
// plans. What it comes to must be what is there after the run.
type story struct {
	*run
	able directory.Capabilities
	now  map[memory.Key]*memory.Entry
	// targets are the target IDs by source entry, as the records tell them.
	targets map[memory.Key]string
	// stepped are the values that were given up for a temporary one.
	stepped map[memory.Key][]string
	// doubts are what records say is not known.
	doubts []*history.Record
}

// explained fails unless the difference between before and after is what the records say.
func (r *run) explained() {
	r.Helper()
	s := &story{run: r, able: r.target.Config().Capabilities, now: map[memory.Key]*memory.Entry{}, targets: map[memory.Key]string{}, stepped: map[memory.Key][]string{}}
	for key, entry := range r.before {
		s.now[key] = entry.Clone()
	}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		for link := range r.links.Links.Sorted(kind) {
			s.targets[memory.Key{Kind: kind, ID: link.SourceID}] = link.TargetID
		}
	}
	for i := range r.records {
		s.introduce(&r.records[i])
	}
	for i := range r.records {
		s.tell(&r.records[i])
	}
	s.settleDoubts()
	for key := range union(s.now, r.after) {
		if diff := s.compare(s.now[key], r.after[key]); diff != "" {
			r.Fatalf("%s %s is not as the records tell (-told +there):\n%s", key.Kind, key.ID, diff)
		}
	}
}

func union[K comparable, V any](a, b map[K]V) map[K]V {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// introduce notes which target entry a source entry is from this run on.
func (s *story) introduce(record *history.Record) {
	if record.Status != plan.Succeeded || record.TargetID == "" {
		return
	}
	for _, change := range record.Changes {
		if change.Field == plan.FieldLink && len(change.After) > 0 {
			s.targets[memory.Key{Kind: record.Subject, ID: record.SourceID}] = record.TargetID
		}
	}
	if record.Operation == plan.CreateUser || record.Operation == plan.CreateDepartment {
		s.targets[memory.Key{Kind: record.Subject, ID: record.SourceID}] = record.TargetID
	}
}

func inDoubt(record *history.Record) bool {
	return record.Status == plan.Failed && (record.Reason == "InDoubt" || strings.Contains(record.Message, "whether it was done is not known"))
}

// keyOf is the target entry that a record is about.
func (s *story) keyOf(record *history.Record) memory.Key {
	key := memory.Key{Kind: record.Subject, ID: record.TargetID}
	if key.ID == "" {
		key.ID = s.targets[memory.Key{Kind: record.Subject, ID: record.SourceID}]
	}
	return key
}

// tell lets happen what a record says.
func (s *story) tell(record *history.Record) {
	key := s.keyOf(record)
	switch {
	case inDoubt(record), record.Status == plan.Succeeded && strings.Contains(record.Message, "whether it is there is not known"):
		s.doubts = append(s.doubts, record)
	case record.Status != plan.Succeeded:
		s.tellBack(record, key)
		return
	}
	if record.Status != plan.Succeeded || record.Operation == plan.NoUpdate {
		return
	}
	switch record.Operation {
	case plan.CreateUser, plan.CreateDepartment:
		if s.now[key] != nil {
			s.Fatalf("a record creates %s %s, which is there already: %s", key.Kind, key.ID, describe(record))
		}
		s.now[key] = &memory.Entry{Kind: key.Kind, ID: key.ID, Fields: map[string][]string{}}
		s.mark(s.now[key], record)
	case plan.DeleteUser, plan.DeleteDepartment:
		if !slices.ContainsFunc(record.Changes, func(c plan.Change) bool { return c.Field == plan.FieldActive }) {
			s.remove(key, record)
			return
		}
	}
	entry := s.now[key]
	if entry == nil {
		if record.Reason == "AlreadyGone" {
			return
		}
		s.Fatalf("a record changes %s %s, which is not there: %s", key.Kind, key.ID, describe(record))
	}
	if record.Reason == "AlreadyGone" {
		s.Fatalf("a record says that %s %s is gone, and it is there: %s", key.Kind, key.ID, describe(record))
	}
	for _, change := range record.Changes {
		s.change(entry, record, change)
	}
}

// tellBack lets an entry get back what it gave up for a temporary value, where the record of what was not done says so.
func (s *story) tellBack(record *history.Record, key memory.Key) {
	if before, ok := s.stepped[key]; ok && strings.Contains(record.Message, "of before again") {
		s.now[key].Set(s.naming(key.Kind), before...)
	}
}

func (s *story) naming(kind directory.Kind) string {
	if kind == directory.Department {
		return s.able.DepartmentName
	}
	return s.able.UserIdentifier
}

func (s *story) mark(entry *memory.Entry, record *history.Record) {
	if entry.Kind == directory.User && s.able.UserMark || entry.Kind == directory.Department && s.able.DepartmentMark {
		entry.Mark = &directory.Mark{Owner: owner, SourceID: record.SourceID}
	}
}

func (s *story) remove(key memory.Key, record *history.Record) {
	if (s.now[key] == nil) != (record.Reason == "AlreadyGone") && record.Message != "the target entry was gone when the run was taken up again" {
		s.Fatalf("%s %s is there: %t, and the record says %s", key.Kind, key.ID, s.now[key] != nil, describe(record))
	}
	delete(s.now, key)
	if key.Kind != directory.User || !s.target.Config().Tidy {
		return
	}
	for _, entry := range s.now { // the directory itself does this
		named := func(value string) bool { return value == memory.Reference(key.ID) }
		entry.Members, entry.Leaders = slices.DeleteFunc(entry.Members, named), slices.DeleteFunc(entry.Leaders, named)
		entry.Set("boss", slices.DeleteFunc(entry.Fields["boss"], named)...)
	}
}

// change lets happen what one change of a record says, and checks that it tells truly what was there before.
func (s *story) change(entry *memory.Entry, record *history.Record, change plan.Change) {
	before, after := s.ids(change.Reference, change.Before), s.ids(change.Reference, change.After)
	switch change.Field {
	case plan.FieldLink:
		if len(change.After) > 0 {
			s.mark(entry, record)
		}
	case plan.FieldActive:
		s.wasTrue(record, change.Field, []string{fmt.Sprint(!entry.Disabled)}, change.Before)
		entry.Disabled = !slices.Equal(change.After, []string{"true"})
	case plan.FieldParent:
		if record.Operation == plan.MoveDepartment && len(before) > 0 {
			s.wasTrue(record, change.Field, []string{entry.Parent}, before)
		}
		if entry.Parent = ""; len(change.After) > 0 {
			entry.Parent = after[0]
		}
	case plan.FieldDepartments:
		entry.Departments = s.moved(entry.Departments, before, after)
	case plan.FieldMembers:
		entry.Members = listed(entry.Members, before, after)
	case plan.FieldLeaders:
		entry.Leaders = listed(entry.Leaders, without(before, after), without(after, before))
	default:
		s.field(entry, record, change, before, after)
	}
}

func (s *story) field(entry *memory.Entry, record *history.Record, change plan.Change, before, after []string) {
	if change.Reference != "" {
		if add := without(after, before); len(add) > 0 {
			entry.Set(change.Field, memory.Reference(add[0]))
		} else {
			entry.Set(change.Field, listed(entry.Fields[change.Field], before, nil)...)
		}
		return
	}
	present := entry.Fields[change.Field]
	s.wasTrue(record, change.Field, present, change.Before)
	if change.Field == s.naming(entry.Kind) && len(change.After) == 1 && strings.HasPrefix(change.After[0], "swap-") {
		s.stepped[entry.Key()] = present
	}
	written := slices.Clone(change.After)
	if normal := s.target.Config().Normalise[change.Field]; normal != nil {
		for i := range written {
			written[i] = normal(written[i])
		}
	}
	entry.Set(change.Field, written...)
}

// wasTrue fails unless a record tells truly what was there before.
func (s *story) wasTrue(record *history.Record, field string, was, told []string) {
	if !slices.Equal(slices.Sorted(slices.Values(was)), slices.Sorted(slices.Values(told))) {
		s.Fatalf("%s was %q before, and the record says %s", field, was, describe(record))
	}
}

// ids translates source IDs; what is not in the target is left out.
func (s *story) ids(kind directory.Kind, sourceIDs []string) (ids []string) {
	if kind == "" {
		return sourceIDs
	}
	for _, id := range sourceIDs {
		if target := s.targets[memory.Key{Kind: kind, ID: id}]; target != "" {
			ids = append(ids, target)
		}
	}
	return ids
}

// moved is where a user belongs after a change.
func (s *story) moved(present, before, after []string) []string {
	if s.able.SingleDepartment {
		return after[:min(1, len(after))]
	}
	left := slices.DeleteFunc(slices.Clone(present), func(id string) bool { return slices.Contains(without(before, after), id) })
	left = append(left, without(after, left)...)
	if len(after) > 0 && (len(before) == 0 || before[0] != after[0]) {
		left = append(after[:1:1], without(left, after[:1])...)
	}
	return left
}

// listed is a list of references after a change.
func listed(list, remove, add []string) []string {
	left := slices.DeleteFunc(slices.Clone(list), func(value string) bool {
		id, ok := memory.Referred(value)
		return ok && slices.Contains(remove, id)
	})
	for _, id := range add {
		if !slices.Contains(left, memory.Reference(id)) {
			left = append(left, memory.Reference(id))
		}
	}
	return left
}

func without(values, others []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return slices.Contains(others, value) })
}

// settleDoubts takes from the target what the records say is not known.
func (s *story) settleDoubts() {
	for _, record := range s.doubts {
		key := s.keyOf(record)
		switch {
		case record.Status == plan.Succeeded:
			s.believe(s.now[key], s.after[key], plan.FieldDepartments)
			continue
		case record.Operation == plan.CreateUser, record.Operation == plan.CreateDepartment:
			for id, entry := range s.after {
				if s.now[id] == nil && id.Kind == record.Subject && s.mayBe(entry, record) {
					s.now[id] = entry
				}
			}
			continue
		case record.Operation == plan.DeleteUser, record.Operation == plan.DeleteDepartment:
			if s.after[key] == nil {
				s.remove(key, &history.Record{})
				continue
			}
		}
		told, there := s.now[key], s.after[key]
		if key.ID == "" || told == nil || there == nil {
			continue
		}
		for _, change := range record.Changes {
			s.believe(told, there, change.Field)
		}
	}
}

// mayBe says that an entry can be what a create in doubt has made.
func (s *story) mayBe(entry *memory.Entry, record *history.Record) bool {
	if entry.Mark != nil {
		return *entry.Mark == directory.Mark{Owner: owner, SourceID: record.SourceID}
	}
	for _, change := range record.Changes {
		if change.Field == s.naming(record.Subject) {
			return len(change.After) == 1 && strings.EqualFold(entry.First(change.Field), change.After[0])
		}
	}
	return false
}

// believe takes over one aspect of an entry.
func (s *story) believe(told, there *memory.Entry, field string) {
	switch field {
	case plan.FieldLink:
		told.Mark = there.Mark
	case plan.FieldActive:
		told.Disabled = there.Disabled
	case plan.FieldParent:
		told.Parent = there.Parent
	case plan.FieldDepartments:
		told.Departments = there.Departments
	case plan.FieldMembers:
		told.Members = there.Members
	case plan.FieldLeaders:
		told.Leaders = there.Leaders
	default:
		told.Set(field, there.Fields[field]...)
	}
}

// compare is the difference of an entry as it is told and as it is there.
func (s *story) compare(told, there *memory.Entry) string {
	if told != nil && there != nil {
		told, there = s.comparable(told), s.comparable(there)
	}
	return cmp.Diff(told, there)
}

// comparable is an entry without what has no meaning.
func (s *story) comparable(entry *memory.Entry) *memory.Entry {
	c := entry.Clone()
	slices.Sort(c.Members)
	slices.Sort(c.Leaders)
	if !s.able.MainDepartment && !s.able.SingleDepartment {
		slices.Sort(c.Departments)
	} else if len(c.Departments) > 1 {
		slices.Sort(c.Departments[1:])
	}
	for name, values := range c.Fields {
		c.Fields[name] = slices.Sorted(slices.Values(values))
	}
	for _, list := range []*[]string{&c.Members, &c.Leaders, &c.Departments, &c.Hidden} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return c
}
