package guard

import "fmt"

// people are never read whole for a plan about some of them alone, so how many were read says nothing then.
const people = "people"

// sourceEmpty stops a run whose source gives nothing where there was something. No limit turns it off: it is nearly always a lost right
// or a changed base, and it would remove everyone.
func sourceEmpty(_ Limits, f Facts) *Finding {
	for _, kind := range []struct {
		name         string
		read, active int64
	}{{people, f.SourceUsers, f.ActiveUsers}, {"departments", f.SourceDepartments, f.ActiveDepartments}} {
		if kind.read == 0 && kind.active > 0 && !(f.Partial && kind.name == people) {
			return &Finding{
				SourceEmpty,
				fmt.Sprintf("the source gave no %s, and %s; nothing was written, and no limit lets this pass", kind.name, counted(kind.active, "of them is linked", "of them are linked")),
				"Look whether the account of the source may still read them, and whether base, filter and scope are right. " +
					"If they are really gone, suspend the task and clean up the target by hand.",
			}
		}
	}
	return nil
}

// shrink stops a run whose source lost more than a share since the last complete read: that may be a part that the account no longer
// sees.
func shrink(l Limits, f Facts) *Finding {
	for _, kind := range []struct {
		name       string
		read, last int64
	}{{people, f.SourceUsers, f.LastSourceUsers}, {"departments", f.SourceDepartments, f.LastSourceDepartments}} {
		if lost := kind.last - kind.read; over(lost, l.ShrinkPercent, kind.last) && !(f.Partial && kind.name == people) {
			return &Finding{
				GuardStopped,
				fmt.Sprintf("the source lost %s %s since the last complete read, and guard.shrink allows %d%%; nothing was written", share(lost, kind.last), kind.name, l.ShrinkPercent),
				"Look whether the account of the source still sees everyone, and whether the scope was narrowed. " + waysOn(f, "shrink", lost, kind.last),
			}
		}
	}
	return nil
}
