package runner

import (
	"fmt"
	"strings"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/scope"
	"synccenter.dev/synccenter/internal/state"
)

// limitsOf are the task's guard settings, with what this run alone replaces. All defaults stand in a stored definition.
func limitsOf(g *v1alpha1.Guard, override *v1alpha1.GuardOverride) guard.Limits {
	limits := guard.Limits{
		RemovalsFloor: int64(*g.Removals.Floor), RemovalsPercent: int64(*g.Removals.Percent), RemovalsCount: int64(*g.Removals.Count),
		RemovalsWindow: g.Removals.Window.Duration,
		ShrinkPercent:  int64(g.Shrink.Percent), ClearedPercent: int64(g.Cleared.Percent), ChangedPercent: int64(g.Changed.Percent),
	}
	if override == nil {
		return limits
	}
	replace := func(limit *int64, by *int32) {
		if by != nil {
			*limit = int64(*by)
		}
	}
	share := func(limit *int64, by *v1alpha1.ShareLimit) {
		if by != nil {
			*limit = int64(by.Percent)
		}
	}
	if removals := override.Removals; removals != nil {
		limits.DepartmentsMayEmpty = true
		replace(&limits.RemovalsFloor, removals.Floor)
		replace(&limits.RemovalsPercent, removals.Percent)
		replace(&limits.RemovalsCount, removals.Count)
	}
	share(&limits.ShrinkPercent, override.Shrink)
	share(&limits.ClearedPercent, override.Cleared)
	share(&limits.ChangedPercent, override.Changed)
	return limits
}

// withOverride ends what is said about a run with the limits that it was let pass, and why.
func withOverride(said string, override *v1alpha1.GuardOverride) string {
	if override == nil {
		return said
	}
	var parts []string
	for _, part := range []struct {
		name string
		set  bool
	}{{"removals", override.Removals != nil}, {"shrink", override.Shrink != nil}, {"cleared", override.Cleared != nil}, {"changed", override.Changed != nil}} {
		if part.set {
			parts = append(parts, "guardOverride."+part.name)
		}
	}
	if said != "" {
		said += " "
	}
	if len(parts) == 0 {
		return said + "The run has a guardOverride that names no limit, so all of the task's were kept."
	}
	return said + fmt.Sprintf("The guard was overridden for this run (%s): %s.", strings.Join(parts, ", "), strings.TrimSuffix(override.Reason, "."))
}

// planOptions are what planning needs of the definition.
func planOptions(d *definition.Definition, mapper *mapping.Mapper, able directory.Capabilities, s *state.State, now time.Time) plan.Options {
	spec := &d.TaskSpec
	options := plan.Options{
		Owner: d.Owner, Mapper: mapper, Capabilities: able, Links: s.Links, Salt: s.Salt,
		UserRemoval: plan.Removal(spec.Deletion.Users.Action), DepartmentRemoval: plan.Removal(spec.Deletion.Departments.Action),
		Adopt: plan.Policy(spec.Matching.Adopt), Relink: plan.Policy(spec.Matching.Relink), Only: onlyOf(d.RunSpec.Only),
	}
	if override := d.RunSpec.GuardOverride; override != nil {
		options.Reconsider = override.Removals != nil
	}
	if after := spec.Deletion.Users.DeleteAfter; after != nil {
		options.DisabledBefore = now.Add(-after.Duration)
	}
	return options
}

// mappingOf is what the task says about mapping and matching, with the default rows of a kind for which it has none.
func mappingOf(spec *v1alpha1.SyncTaskSpec, source, target directory.Schema, able directory.Capabilities) mapping.Spec {
	standard := mapping.Defaults(source, target, able)
	said := mapping.Spec{
		Users: rowsOf(spec.Mappings.Users), Departments: rowsOf(spec.Mappings.Departments),
		MatchUsers: rulesOf(spec.Matching.Users), MatchDepartments: rulesOf(spec.Matching.Departments),
	}
	if len(said.Users) == 0 {
		said.Users = standard.Users
	}
	if len(said.Departments) == 0 {
		said.Departments = standard.Departments
	}
	return said
}

// scopeOf is what the task says about its scope.
func scopeOf(s *v1alpha1.Scope) scope.Spec {
	return scope.Spec{
		DepartmentsInclude: s.Departments.Include, DepartmentsExclude: s.Departments.Exclude,
		UsersInclude: s.Users.Include, UsersExclude: s.Users.Exclude,
		Filter: s.Users.Filter, IncludeNewUsers: *s.IncludeNewUsers,
	}
}

func rowsOf(mappings []v1alpha1.Mapping) []mapping.Row {
	var rows []mapping.Row
	for _, m := range mappings {
		rows = append(rows, mapping.Row{
			To: string(m.To), From: string(m.From), Value: m.Value, Expression: m.Expression,
			Type: directory.Type(m.Type), Equality: directory.Equality(m.Equality),
			OnCreate: m.Apply == v1alpha1.ApplyOnCreate, Required: m.Required,
			Numbered: m.Doubles == v1alpha1.DoublesNumber, Sensitive: m.Sensitive,
		})
	}
	return rows
}

func rulesOf(rules []v1alpha1.MatchRule) []mapping.Rule {
	var list []mapping.Rule
	for _, rule := range rules {
		pairs := []mapping.Pair{{Target: string(rule.Target), Source: string(rule.Source)}}
		for _, pair := range rule.And {
			pairs = append(pairs, mapping.Pair{Target: string(pair.Target), Source: string(pair.Source)})
		}
		list = append(list, mapping.Rule{Pairs: pairs})
	}
	return list
}
