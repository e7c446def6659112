package folder_test

import (
	"path/filepath"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/folder"
)

func TestConformance(t *testing.T) {
	artifacttest.Run(t, func(t *testing.T) artifacttest.Place {
		root := filepath.Join(t.TempDir(), "artifacts")
		return func(string) artifact.Store { return folder.New(root) }
	})
}
