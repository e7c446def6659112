package guard

import "fmt"

// changed stops a run that would update more than a share of the users: a mapping may be wrong. An owner's first run is let pass, since it
// brings a target in step that nobody kept so far.
func changed(l Limits, f Facts) *Finding {
	if f.FirstRun || !over(f.ChangedUsers, l.ChangedPercent, f.ComparedUsers) {
		return nil
	}
	return &Finding{GuardStopped, fmt.Sprintf("the run would update %s people, and guard.changed allows %d%%; nothing was written. "+
		"Look whether a mapping was changed or the source writes its values in another way. %s",
		share(f.ChangedUsers, f.ComparedUsers), l.ChangedPercent, waysOn("changed"))}
}
