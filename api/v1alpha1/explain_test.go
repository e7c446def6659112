package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// foreign are fields whose schema is that of Kubernetes itself.
var foreign = []string{
	".spec.execution.podTemplate.affinity",
	".spec.execution.podTemplate.tolerations[]",
	".status.conditions[]",
}

// field is a field of a kind, with its path as kubectl explain takes it.
type field struct {
	path, name string
	required   bool
	schema     apiextensionsv1.JSONSchemaProps
}

// TestEveryFieldIsExplained reads the fields as kubectl explain shows them.
func TestEveryFieldIsExplained(t *testing.T) {
	for kind, root := range schemas(t) {
		for _, field := range fieldsOf("", root) {
			path, text := kind+field.path, strings.Join(strings.Fields(field.schema.Description), " ")
			if text == "" {
				t.Errorf("%s has no description", path)
				continue
			}
			if !strings.HasPrefix(text, field.name) {
				t.Errorf("%s: the description begins %.20q..., want it to begin with the field's name", path, text)
			}
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: the description %q is no sentence", path, text)
			}
			if !strings.HasPrefix(field.path, ".spec") {
				continue
			}
			if scalar(field.schema) && field.schema.Default != nil {
				var value any
				if err := json.Unmarshal(field.schema.Default.Raw, &value); err != nil {
					t.Fatalf("%s: reading the default: %v", path, err)
				}
				if want := fmt.Sprintf("Default: %v", value); value != "" && !strings.Contains(text, want) {
					t.Errorf("%s: the description does not say %q", path, want)
				}
			} else if scalar(field.schema) && !field.required && !strings.Contains(text, "Default: ") && !strings.Contains(text, "For type ") {
				t.Errorf("%s: the description does not say what its absence means (Default: ...)", path)
			}
			if free(field.schema) && !strings.Contains(text, "Example: ") && !strings.Contains(text, "Default: ") {
				t.Errorf("%s: the description gives no example", path)
			}
		}
	}
}

// TestEveryFieldIsBounded keeps the cost of rules finite and a status writable.
func TestEveryFieldIsBounded(t *testing.T) {
	for kind, root := range schemas(t) {
		for _, field := range fieldsOf("", root) {
			schema, path := field.schema, kind+field.path
			switch {
			case path == "SyncTask.metadata" || strings.HasSuffix(path, ".metadata") || strings.HasSuffix(path, ".kind") || strings.HasSuffix(path, ".apiVersion"):
			case schema.XIntOrString:
			case schema.Type == "string" && schema.MaxLength == nil && len(schema.Enum) == 0 && schema.Format != "date-time":
				t.Errorf("%s: a string without maxLength", path)
			case schema.Type == "array" && schema.MaxItems == nil:
				t.Errorf("%s: a list without maxItems", path)
			case schema.AdditionalProperties != nil && schema.MaxProperties == nil:
				t.Errorf("%s: a map without maxProperties", path)
			case schema.Type == "array" && schema.XListType == nil:
				t.Errorf("%s: a list without a list type", path)
			}
		}
	}
}

// fieldsOf lists all fields below a schema but those of foreign types.
func fieldsOf(path string, schema apiextensionsv1.JSONSchemaProps) []field {
	var result []field
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		below := path + "." + name
		child := field{path: below, name: name, schema: schema.Properties[name], required: slices.Contains(schema.Required, name)}
		if path == "" && slices.Contains([]string{"apiVersion", "kind", "metadata"}, name) {
			continue
		}
		result = append(result, child)
		if child.schema.Items != nil && child.schema.Items.Schema != nil {
			below, child.schema = below+"[]", *child.schema.Items.Schema
		}
		if !slices.Contains(foreign, below) {
			result = append(result, fieldsOf(below, child.schema)...)
		}
	}
	return result
}

func scalar(schema apiextensionsv1.JSONSchemaProps) bool {
	return slices.Contains([]string{"string", "integer", "boolean"}, schema.Type)
}

// free are the fields into which a person writes words of their own.
func free(schema apiextensionsv1.JSONSchemaProps) bool {
	return schema.Type == "string" && len(schema.Enum) == 0
}

// schemas are the schemas of all kinds, read from the generated files.
func schemas(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) != 4 {
		t.Fatalf("found the files %q (%v), want one for each of four kinds", files, err)
	}
	result := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(data, &crd); err != nil {
			t.Fatalf("reading %s: %v", file, err)
		}
		result[crd.Spec.Names.Kind] = *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return result
}
