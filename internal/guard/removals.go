package guard

import "fmt"

// removals holds all removals when there are more than the floor, counted over the window, and more than a share of the active links
// or more than a number.
func removals(l Limits, f Facts) *Finding {
	planned := f.RemovalsUsers + f.RemovalsDepartments
	total, active := planned+f.Window, f.ActiveUsers+f.ActiveDepartments
	if planned == 0 || total <= l.RemovalsFloor || total*100 <= l.RemovalsPercent*active && total <= l.RemovalsCount {
		return nil
	}
	earlier := ""
	if f.Window > 0 {
		earlier = fmt.Sprintf(", which makes %s with the %d that were done shortly before", share(total, active), f.Window)
	}
	return &Finding{TooManyRemovals, fmt.Sprintf("the run would remove %s linked entries%s, and guard.removals allows %d, or up to %d%% and %d in all, within its window. %s",
		share(planned, active), earlier, l.RemovalsFloor, l.RemovalsPercent, l.RemovalsCount, waysOnHeld("removals"))}
}

// waysOnHeld says what a person can do about held removals.
func waysOnHeld(limit string) string {
	ways := "All removals are held, the rest of the run goes on. Look at them with kubectl synccenter details RUN --status held. " +
		"If the cause was a mistake, undo it: whoever is back in the source is kept. " +
		"Otherwise a run with spec.guardOverride.removals and a reason looks at them again, with limits of its own"
	if limit == "" {
		return ways
	}
	return ways + fmt.Sprintf(". For good, raise guard.%s in the task", limit)
}
