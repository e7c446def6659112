package guard

import "fmt"

// changed stops a run that would update more than a share of the users: a mapping may be wrong. An owner's first run is let pass, since it
// brings a target in step that nobody kept so far. Who names people for a run names those who changed: they are a share of all who are linked.
func changed(l Limits, f Facts) *Finding {
	whole := f.ComparedUsers
	if f.Partial {
		whole = f.ActiveUsers
	}
	if f.FirstRun || !over(f.ChangedUsers, l.ChangedPercent, whole) {
		return nil
	}
	return &Finding{
		GuardStopped,
		fmt.Sprintf("the run would update %s people, and guard.changed allows %d%%; nothing was written", share(f.ChangedUsers, whole), l.ChangedPercent),
		"Look whether a mapping was changed or the source writes its values in another way. " + waysOn(f, "changed", f.ChangedUsers, whole),
	}
}
