package past

import (
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// generatedSuffix is how many characters the API server puts after generateName.
const generatedSuffix = 5

// IsGenerated says whether the run's name is its generateName and what the API server puts after it.
func IsGenerated(run *v1alpha1.SyncRun) bool {
	prefix := run.GenerateName
	return prefix != "" && strings.HasPrefix(run.Name, prefix) && len(run.Name) == len(prefix)+generatedSuffix
}
