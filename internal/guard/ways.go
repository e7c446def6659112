package guard

import (
	"fmt"
	"strings"
	"time"
)

// waysOn says how to go on after a stop when what was found is right: for one run with a limit that just lets it pass, or for good.
func waysOn(f Facts, limit string, part, whole int64) string {
	percent := int64(100)
	if part < whole {
		percent = (part*100 + whole - 1) / whole
	}
	return fmt.Sprintf("If it is right, let one run pass: %s. For good, raise guard.%s in the task.", f.override(limit, percent), limit)
}

// waysOnHeld says what a person can do about held removals. The override lets just as many pass as wait then.
func waysOnHeld(f Facts) string {
	run := orWord(f.Run, "RUN")
	return fmt.Sprintf("All removals are held, the rest of the run goes on. See who: kubectl synccenter details %s --status held. "+
		"Who is to stay: put them back into the source, or undo the edit. Who is to go: %s.",
		run, f.override("removals", f.removals()+f.Window+f.Waiting))
}

// override is the command for one run that may pass a limit. Without the plugin it is the field guardOverride of a SyncRun.
func (f Facts) override(limit string, number int64) string {
	only := ""
	if f.Partial {
		only = " --only-user ..."
	}
	return fmt.Sprintf("kubectl synccenter run %s%s --override-%s %d --reason \"...\" (guardOverride.%s of a SyncRun)", orWord(f.Task, "TASK"), only, limit, number, limit)
}

// orWord is a name, or the word for it where it is not known.
func orWord(name, word string) string {
	if name == "" {
		return word
	}
	return name
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
