package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// The keys of a Secret of type kubernetes.io/basic-auth.
const (
	usernameKey = "username"
	passwordKey = "password"
)

// secret reads a key of a Secret. The value never appears in an error.
func (c Connectors) secret(name, key string) (string, error) {
	data, err := mounted(c.Secrets, name, key)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &failure{v1alpha1.ReasonSecretMissing, fmt.Sprintf(
			"Secret %q, or its key %q, does not exist in the task's namespace; create it with the keys %q and %q (type kubernetes.io/basic-auth)", name, key, usernameKey, passwordKey)}
	}
	if err != nil {
		return "", fmt.Errorf("reading key %q of Secret %q: %w", key, name, err)
	}
	return string(data), nil
}

// configMap reads a key of a ConfigMap.
func (c Connectors) configMap(name, key string) ([]byte, error) {
	data, err := mounted(c.ConfigMaps, name, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{v1alpha1.ReasonConfigMapMissing, fmt.Sprintf(
			"ConfigMap %q, or its key %q, does not exist in the task's namespace; create it with the certificates (PEM) that the server is trusted by", name, key)}
	}
	if err != nil {
		return nil, fmt.Errorf("reading key %q of ConfigMap %q: %w", key, name, err)
	}
	return data, nil
}

// mounted reads the file of a key. Nothing outside of the object's folder can be named.
func mounted(folder, name, key string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Join(folder, filepath.Base(name)))
	if err != nil {
		return nil, err
	}
	defer root.Close() // nothing was written
	return root.ReadFile(key)
}
