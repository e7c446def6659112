package modeltest

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// pairs are the fields that are copied, from the source's name to the target's.
var pairs = map[directory.Kind]map[string]string{
	directory.User:       {"uid": "login", "cn": "name", "num": "number", "title": "position", "mail": "mails", "phone": "telephone", "manager": "boss"},
	directory.Department: {"ou": "label", "code": "key"},
}

// mappings copies every pair, and writes a field at creation only.
func mappings() v1alpha1.Mappings {
	row := func(from, to v1alpha1.FieldName) v1alpha1.Mapping { return v1alpha1.Mapping{From: from, To: to} }
	welcome := "welcome"
	return v1alpha1.Mappings{
		Users: []v1alpha1.Mapping{
			row("uid", "login"), row("cn", "name"), row("num", "number"), row("title", "position"), row("mail", "mails"), row("phone", "telephone"),
			row("manager", "boss"), {To: "greeting", Value: &welcome, Apply: v1alpha1.ApplyOnCreate},
		},
		Departments: []v1alpha1.Mapping{row("ou", "label"), row("code", "key")},
	}
}

// sourceConfig is a source in which anything may stand.
func sourceConfig() memory.Config {
	return memory.Config{
		Name: "source", Lax: true,
		Capabilities: directory.Capabilities{
			Membership: directory.OnUser, MainDepartment: true, Nested: true, Leaders: true, UserIdentifier: "uid", DepartmentName: "ou",
		},
		Schema: directory.Schema{
			Users: []directory.Field{
				{Name: "uid", Type: directory.String, Equality: directory.IgnoreCase}, {Name: "cn", Type: directory.String, Multiple: true},
				{Name: "num", Type: directory.String}, {Name: "title", Type: directory.String}, {Name: "mail", Type: directory.String, Multiple: true},
				{Name: "phone", Type: directory.String}, {Name: "level", Type: directory.String},
				{Name: "manager", Type: directory.Reference, Refers: directory.User},
			},
			Departments: []directory.Field{{Name: "ou", Type: directory.String}, {Name: "code", Type: directory.String}},
		},
	}
}

// targetConfig is a target with every ability and every rule.
func targetConfig() memory.Config {
	return memory.Config{
		Name: "target",
		Capabilities: directory.Capabilities{
			Membership: directory.OnUser, MainDepartment: true, Nested: true, Leaders: true, Disable: true, UserMark: true, DepartmentMark: true,
			UserIdentifier: "login", DepartmentName: "label",
		},
		Schema: directory.Schema{
			Users: []directory.Field{
				{Name: "login", Type: directory.String, Equality: directory.IgnoreCase, Unique: true, Required: true},
				{Name: "name", Type: directory.String, Equality: directory.Exact}, {Name: "number", Type: directory.String, Equality: directory.Exact},
				{Name: "position", Type: directory.String, Equality: directory.Exact},
				{Name: "mails", Type: directory.String, Equality: directory.IgnoreCase, Multiple: true},
				{Name: "telephone", Type: directory.String, Equality: directory.Exact}, {Name: "greeting", Type: directory.String, Equality: directory.Exact},
				{Name: "boss", Type: directory.Reference, Equality: directory.Exact, Refers: directory.User},
			},
			Departments: []directory.Field{
				{Name: "label", Type: directory.String, Equality: directory.IgnoreCase, Required: true}, {Name: "key", Type: directory.String, Equality: directory.Exact},
			},
		},
		Normalise: map[string]func(string) string{
			"mails":     strings.ToLower,
			"telephone": func(value string) string { return strings.ReplaceAll(value, " ", "") },
		},
		Tidy: true,
	}
}

// randomShape draws what kind of target there is.
func randomShape(t *rapid.T) shape {
	s := shape{sourceConfig(), targetConfig()}
	able := &s.target.Capabilities
	switch pick(t, []string{"on user", "without main", "single", "on department", "flat on department", "none"}, "membership") {
	case "without main":
		able.MainDepartment = false
	case "single":
		able.SingleDepartment, able.MainDepartment = true, false
	case "on department":
		able.Membership, able.MainDepartment = directory.OnDepartment, false
	case "flat on department":
		able.Membership, able.MainDepartment, able.Nested = directory.OnDepartment, false, false
	case "none":
		able.Membership, able.MainDepartment = directory.NoMembership, false
	}
	able.UserMark = oneIn(t, 2, "user marks")
	able.DepartmentMark = oneIn(t, 2, "department marks")
	able.Leaders = oneIn(t, 2, "leaders")
	able.Disable = between(t, 0, 4, "cannot disable") != 0
	s.target.Tidy = oneIn(t, 2, "tidy")
	if between(t, 0, 3, "lowers logins") == 0 {
		s.target.Normalise["login"] = strings.ToLower
	}
	return s
}

// randomTask draws what the task says.
func (w *world) randomTask(t *rapid.T) {
	spec := &w.task.Spec
	spec.Matching.Adopt = pick(t, []v1alpha1.MatchPolicy{v1alpha1.MatchAllow, v1alpha1.MatchAllow, v1alpha1.MatchHold, v1alpha1.MatchNever}, "adopt")
	spec.Matching.Relink = pick(t, []v1alpha1.MatchPolicy{v1alpha1.MatchAllow, v1alpha1.MatchHold, v1alpha1.MatchNever}, "relink")
	rule := func(target, source v1alpha1.FieldName) v1alpha1.MatchRule {
		return v1alpha1.MatchRule{Target: target, Source: source}
	}
	spec.Matching.Users = pick(t, [][]v1alpha1.MatchRule{
		nil, {rule("number", "num")}, {rule("number", "num"), rule("login", "uid")}, {rule("mails", "mail"), rule("login", "uid")},
	}, "matching of users")
	spec.Matching.Departments = pick(t, [][]v1alpha1.MatchRule{nil, nil, {rule("key", "code")}}, "matching of departments")
	w.randomDeletion(t)
	w.randomScope(t)
	if oneIn(t, 2, "protects") {
		spec.Protected = v1alpha1.Protected{Users: "user.position == 'protected'", Departments: "department.key == 'protected'"}
	}
	w.randomGuard(t)
	spec.Execution.Concurrency = pick(t, []int32{1, 1, 1, 1, 1, 1, 1, 4}, "concurrency")
	*spec.Execution.Retries = int32(between(t, 0, 2, "retries"))
}

func (w *world) randomDeletion(t *rapid.T) {
	spec := &w.task.Spec
	spec.Deletion.Users = v1alpha1.UserDeletion{
		Action: pick(t, []v1alpha1.UserDeletionAction{v1alpha1.DeletionDelete, v1alpha1.DeletionDisable, v1alpha1.DeletionKeep}, "deletion of users"),
	}
	if spec.Deletion.Users.Action == v1alpha1.DeletionDisable && oneIn(t, 2, "deletes later") {
		spec.Deletion.Users.DeleteAfter = &metav1.Duration{Duration: 24 * time.Hour}
	}
	spec.Deletion.Departments.Action = pick(t, []v1alpha1.DepartmentDeletionAction{v1alpha1.DepartmentDelete, v1alpha1.DepartmentKeep}, "deletion of departments")
}

// placedDepartments are those that a scope can name. Later they may be gone: then the run must stop.
func (w *world) placedDepartments() (ids []string) {
	for key := range w.source.Snapshot() {
		if key.Kind == directory.Department {
			ids = append(ids, key.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// randomScope draws a scope.
func (w *world) randomScope(t *rapid.T) {
	scope := &w.task.Spec.Scope
	*scope = v1alpha1.Scope{}
	switch between(t, 0, 8, "scope") {
	case 0:
		scope.Departments.Include = some(t, w.placedDepartments(), 0, 2, "included departments")
	case 1:
		scope.Departments.Exclude = some(t, w.placedDepartments(), 0, 2, "excluded departments")
	case 2:
		scope.Users.Include = some(t, userIDs, 0, 6, "included users")
	case 3:
		scope.Users.Exclude = some(t, userIDs, 0, 2, "excluded users")
	}
	if oneIn(t, 2, "filter") {
		scope.Users.Filter = "int(user.level) < 5"
	}
	if between(t, 0, 5, "only known users") == 0 {
		scope.IncludeNewUsers = new(bool)
	}
}

func (w *world) randomGuard(t *rapid.T) {
	guard := &w.task.Spec.Guard
	*guard = v1alpha1.Guard{}
	number := func(of []int32, label string) *int32 {
		n := pick(t, of, label)
		return &n
	}
	guard.Removals.Floor = number([]int32{0, 2, 100, 100, 100, 100}, "guard.removals.floor")
	guard.Removals.Percent = number([]int32{0, 20, 100}, "guard.removals.percent")
	guard.Removals.Count = number([]int32{0, 2, 100}, "guard.removals.count")
	guard.Shrink, guard.Cleared, guard.Changed = &v1alpha1.ShareLimit{Percent: 100}, &v1alpha1.ShareLimit{Percent: 100}, &v1alpha1.ShareLimit{Percent: 100}
	if oneIn(t, 8, "strict guard") {
		guard.Shrink = &v1alpha1.ShareLimit{Percent: *number([]int32{0, 30}, "guard.shrink")}
		guard.Cleared = &v1alpha1.ShareLimit{Percent: *number([]int32{0, 30}, "guard.cleared")}
		guard.Changed = &v1alpha1.ShareLimit{Percent: *number([]int32{0, 50}, "guard.changed")}
	}
}
