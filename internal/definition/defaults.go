package definition

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// Resolve answers with a copy of a spec in which every default stands, also
// those that a schema cannot give because they depend on another field.
func Resolve(spec *v1alpha1.SyncTaskSpec) v1alpha1.SyncTaskSpec {
	resolved := spec.DeepCopy()
	fill.task(resolved)
	return *resolved
}

// direction is a way through all defaults: fill puts them in where nothing
// stands, strip takes them out wherever they stand. So there is one list.
type direction bool

const (
	fill  direction = true
	strip direction = false
)

func (d direction) task(spec *v1alpha1.SyncTaskSpec) {
	value(d, &spec.Trigger.Mode, v1alpha1.TriggerManual)
	if schedule := spec.Trigger.Schedule; schedule != nil {
		value(d, &schedule.TimeZone, "UTC")
		value(d, &schedule.StartingDeadlineSeconds, 300)
	}
	if realTime := spec.Trigger.RealTime; realTime != nil {
		pointer(d, &realTime.Debounce, seconds(2))
	}
	value(d, &spec.CheckInterval, seconds(3600))
	for i := range spec.Sources {
		if ldap := spec.Sources[i].LDAP; ldap != nil {
			d.ldapSource(ldap)
		}
	}
	if ldap := spec.Target.LDAP; ldap != nil {
		d.ldapTarget(ldap)
	}
	pointer(d, &spec.Scope.IncludeNewUsers, true)
	d.mappings(&spec.Mappings)
	value(d, &spec.Matching.Adopt, v1alpha1.MatchAllow)
	value(d, &spec.Matching.Relink, v1alpha1.MatchHold)
	value(d, &spec.Deletion.Users.Action, v1alpha1.DeletionDisable)
	value(d, &spec.Deletion.Departments.Action, v1alpha1.DepartmentKeep)
	value(d, &spec.Deletion.Confirm, v1alpha1.ConfirmWhenGuarded)
	d.guard(&spec.Guard)
	d.execution(&spec.Execution)
	d.history(&spec.History)
	if export := spec.Export; export != nil {
		value(d, &export.Type, v1alpha1.ExportConfigMap)
		value(d, &export.Format, v1alpha1.ExportExcel)
		value(d, &export.Locale, v1alpha1.LocaleChinese)
		value(d, &export.TimeZone, "Asia/Shanghai")
	}
}

func (d direction) mappings(mappings *v1alpha1.Mappings) {
	for _, rows := range [][]v1alpha1.Mapping{mappings.Users, mappings.Departments} {
		for i := range rows {
			value(d, &rows[i].Apply, v1alpha1.ApplyAlways)
			value(d, &rows[i].Doubles, v1alpha1.DoublesFail)
		}
	}
}

func (d direction) guard(guard *v1alpha1.Guard) {
	pointer(d, &guard.Removals.Floor, 10)
	pointer(d, &guard.Removals.Percent, 2)
	pointer(d, &guard.Removals.Count, 500)
	value(d, &guard.Removals.Window, seconds(24*3600))
	pointer(d, &guard.Shrink, v1alpha1.ShareLimit{Percent: 10})
	pointer(d, &guard.Cleared, v1alpha1.ShareLimit{Percent: 5})
	pointer(d, &guard.Changed, v1alpha1.ShareLimit{Percent: 50})
}

func (d direction) execution(execution *v1alpha1.Execution) {
	value(d, &execution.Concurrency, 8)
	value(d, &execution.RateLimit.QPS, 50)
	value(d, &execution.RateLimit.Burst, 100)
	pointer(d, &execution.Retries, 5)
	value(d, &execution.ActiveDeadlineSeconds, 14400)
	pointer(d, &execution.BackoffLimit, 3)
	value(d, &execution.Approval, v1alpha1.ApprovalNone)
}

func (d direction) history(history *v1alpha1.History) {
	pointer(d, &history.Limit, 20)
	pointer(d, &history.FailedLimit, 20)
	value(d, &history.AutomaticRuns, v1alpha1.AutomaticRunsLatest)
	value(d, &history.NoUpdate, v1alpha1.NoUpdateLatest)
	value(d, &history.OnTaskDeletion, v1alpha1.OnTaskDeletionKeep)
	value(d, &history.Storage.Type, v1alpha1.StorageCluster)
}

func (d direction) ldapSource(ldap *v1alpha1.LDAPSource) {
	d.ldapConnection(&ldap.LDAPConnection)
	d.ldapUsers(&ldap.Users)
	if ldap.Departments != nil {
		d.ldapDepartments(ldap.Departments)
	}
}

func (d direction) ldapTarget(ldap *v1alpha1.LDAPTarget) {
	d.ldapConnection(&ldap.LDAPConnection)
	d.ldapUsers(&ldap.Users.LDAPUsers)
	list(d, &ldap.Users.ObjectClasses, "inetOrgPerson")
	value(d, &ldap.Users.RDN, "uid")
	departments := ldap.Departments
	if departments == nil {
		return
	}
	if departments.Type == v1alpha1.DepartmentsGroups {
		list(d, &departments.ObjectClasses, "groupOfNames")
		value(d, &departments.RDN, "cn")
		value(d, &departments.Placeholder, "cn=nobody,"+departments.BaseDN)
	} else {
		list(d, &departments.ObjectClasses, "organizationalUnit")
		value(d, &departments.RDN, "ou")
	}
	d.ldapDepartments(&departments.LDAPDepartments)
}

func (d direction) ldapConnection(connection *v1alpha1.LDAPConnection) {
	value(d, &connection.Referrals, v1alpha1.ReferralsFail)
	if connection.CABundleRef != nil {
		value(d, &connection.CABundleRef.Key, "ca.crt")
	}
}

func (d direction) ldapUsers(users *v1alpha1.LDAPUsers) {
	value(d, &users.Filter, "(objectClass=inetOrgPerson)")
	value(d, &users.Layout, v1alpha1.LayoutFlat)
	if users.DepartmentAttribute != nil {
		value(d, &users.DepartmentAttribute.Holds, v1alpha1.DepartmentByName)
	}
}

func (d direction) ldapDepartments(departments *v1alpha1.LDAPDepartments) {
	if departments.Type == v1alpha1.DepartmentsGroups {
		value(d, &departments.Filter, "(objectClass=groupOfNames)")
		value(d, &departments.MemberAttribute, "member")
		value(d, &departments.LeaderAttribute, "owner")
	} else {
		value(d, &departments.Filter, "(objectClass=organizationalUnit)")
	}
	value(d, &departments.Type, v1alpha1.DepartmentsOrganizationalUnits)
}

// value passes a field whose zero value means that nothing stands there.
func value[T comparable](d direction, field *T, standard T) {
	var nothing T
	switch {
	case d == fill && *field == nothing:
		*field = standard
	case d == strip && *field == standard:
		*field = nothing
	}
}

// pointer passes a field of which zero is a value.
func pointer[T comparable](d direction, field **T, standard T) {
	switch {
	case d == fill && *field == nil:
		*field = &standard
	case d == strip && *field != nil && **field == standard:
		*field = nil
	}
}

func list[T comparable](d direction, field *[]T, standard ...T) {
	switch {
	case d == fill && len(*field) == 0:
		*field = standard
	case d == strip && slices.Equal(*field, standard):
		*field = nil
	}
}

func seconds(count int) metav1.Duration {
	return metav1.Duration{Duration: time.Duration(count) * time.Second}
}
