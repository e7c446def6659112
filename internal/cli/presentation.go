package cli

import (
	"fmt"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/history"
)

// defaultExport is what the API fills in where a task's spec.export says nothing. It also holds for a task that has none, or is gone.
var defaultExport = v1alpha1.Export{Locale: v1alpha1.LocaleChinese, TimeZone: "Asia/Shanghai"}

// localZone is the word for the zone of the person's machine.
const localZone = "Local"

// presentationFlags say how a file looks; what they leave empty is as the task's spec.export says.
type presentationFlags struct{ locale, timeZone string }

// check refuses what no task could make right.
func (f *presentationFlags) check() error {
	if f.locale != "" {
		if _, err := history.ParseLocale(f.locale); err != nil {
			return fmt.Errorf("--locale: %w", err)
		}
	}
	if f.timeZone == "" || f.timeZone == localZone {
		return nil
	}
	if _, err := time.LoadLocation(f.timeZone); err != nil {
		return fmt.Errorf("--time-zone %q is not known: use a name like Asia/Shanghai or UTC, or %s: %w", f.timeZone, localZone, err)
	}
	return nil
}

// presentation chooses language and zone. The task is nil when it is gone.
func (o *Options) presentation(flags presentationFlags, task *v1alpha1.SyncTask, at time.Time) (history.Presentation, error) {
	chosen := defaultExport
	if task != nil && task.Spec.Export != nil {
		chosen = *task.Spec.Export
	}
	if flags.locale != "" {
		chosen.Locale = v1alpha1.Locale(flags.locale)
	}
	locale, err := history.ParseLocale(string(chosen.Locale))
	if err != nil {
		return history.Presentation{}, fmt.Errorf("the task's spec.export.locale: %w; choose another with --locale", err)
	}
	if flags.timeZone == localZone {
		return history.Presentation{Locale: locale, TimeZone: namedZone(o.TimeZone, at)}, nil
	}
	if flags.timeZone != "" {
		chosen.TimeZone = flags.timeZone
	}
	zone, err := time.LoadLocation(chosen.TimeZone)
	if err != nil {
		return history.Presentation{}, fmt.Errorf("the task's spec.export.timeZone %q is not known: choose another with --time-zone: %w", chosen.TimeZone, err)
	}
	return history.Presentation{Locale: locale, TimeZone: zone}, nil
}

// namedZone replaces a zone that only this machine knows by its offset at the time of the run, so that the file can say which it is.
func namedZone(zone *time.Location, at time.Time) *time.Location {
	if zone.String() != localZone {
		return zone
	}
	local := at.In(zone)
	_, seconds := local.Zone()
	return time.FixedZone("UTC"+local.Format("-07:00"), seconds)
}
