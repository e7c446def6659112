package guard

import (
	"fmt"
	"strings"
	"time"
)

// waysOn says how to go on after a stop when what was found is right: for one run with a limit that just lets it pass, or for good.
func waysOn(limit string, part, whole int64) string {
	percent := int64(100)
	if part < whole {
		percent = (part*100 + whole - 1) / whole
	}
	return fmt.Sprintf("If it is right, start a run that may: spec.guardOverride: {reason: \"...\", %s: {percent: %d}}. For good, raise guard.%s in the task",
		limit, percent, limit)
}

// waysOnHeld says what a person can do about held removals. The override lets just as many pass as wait then.
func waysOnHeld(f Facts) string {
	run := f.Run
	if run == "" {
		run = "RUN"
	}
	return fmt.Sprintf("All removals are held, the rest of the run goes on. See who: kubectl synccenter details %s --status held. "+
		"Who is to stay: put them back into the source, or undo the edit; whoever is back is held no longer. "+
		"Who is to go: start a run with spec.guardOverride: {reason: \"...\", removals: {floor: %d}}, which looks at what is held again",
		run, f.removals()+f.Window+f.Waiting)
}

// removals are all that the plan takes away.
func (f Facts) removals() int64 { return f.RemovalsUsers + f.RemovalsDepartments }

// share writes a part of a whole for people, as in "30 of 120 (25.0%)".
func share(part, whole int64) string {
	if whole == 0 {
		return fmt.Sprintf("%d of 0", part)
	}
	return fmt.Sprintf("%d of %d (%.1f%%)", part, whole, float64(part)*100/float64(whole))
}

// counted writes a number with its word, as in "1 removal" and "2 removals".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// span writes a duration without the zeros at its end, as in "24h".
func span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}
