package guard

import "fmt"

// removals holds all removals when there are more than the floor, counted over the window, and more than a share of the active links
// or more than a number.
func removals(l Limits, f Facts) *Finding {
	planned := f.removals()
	total, active := planned+f.Window, f.ActiveUsers+f.ActiveDepartments
	if planned == 0 || total <= l.RemovalsFloor || total*100 <= l.RemovalsPercent*active && total <= l.RemovalsCount {
		return nil
	}
	earlier := ""
	if f.Window > 0 {
		earlier = fmt.Sprintf(", which makes %s with %s of the last %s", share(total, active), counted(f.Window, "removal", "removals"), span(l.RemovalsWindow))
	}
	return &Finding{
		TooManyRemovals,
		fmt.Sprintf("the run would remove %s linked entries%s, and guard.removals lets %d pass within %s, or more as long as they are at most %d%% and %d",
			share(planned, active), earlier, l.RemovalsFloor, span(l.RemovalsWindow), l.RemovalsPercent, l.RemovalsCount),
		waysOnHeld(f) + " For good, raise guard.removals in the task.",
	}
}
