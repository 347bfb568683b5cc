package cloud

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// fill gives a request of the SDK the properties of a resource: CloudFormation calls them as the API does, and writes numbers and
// booleans as texts where it likes. A property that the request doesn't have is an error.
func fill(request any, properties map[string]any) error {
	return assign(reflect.ValueOf(request).Elem(), properties, "")
}

func assign(to reflect.Value, from any, path string) error {
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return assign(to.Elem(), from, path)
	case reflect.Struct:
		return assignFields(to, from, path)
	case reflect.Slice:
		list, isList := from.([]any)
		if !isList {
			return fmt.Errorf("%s: expected a list, got %v", path, from)
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, item := range list {
			if err := assign(to.Index(i), item, path+"."+strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		m, isMap := from.(map[string]any)
		if !isMap {
			return fmt.Errorf("%s: expected a mapping, got %v", path, from)
		}
		to.Set(reflect.MakeMap(to.Type()))
		for key, item := range m {
			value := reflect.New(to.Type().Elem()).Elem()
			if err := assign(value, item, path+"."+key); err != nil {
				return err
			}
			to.SetMapIndex(reflect.ValueOf(key), value)
		}
		return nil
	}
	return assignText(to, from, path)
}

func assignFields(to reflect.Value, from any, path string) error {
	properties, isMap := from.(map[string]any)
	if !isMap {
		return fmt.Errorf("%s: expected a mapping, got %v", path, from)
	}
	fields := reflect.VisibleFields(to.Type())
	for name, value := range properties {
		i := slices.IndexFunc(fields, func(f reflect.StructField) bool { return f.IsExported() && strings.EqualFold(f.Name, name) })
		if i < 0 {
			return fmt.Errorf("%s: %s has no %s", path, to.Type(), name)
		}
		if err := assign(to.FieldByIndex(fields[i].Index), value, path+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func assignText(to reflect.Value, from any, path string) error {
	written, err := text(from)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(written)
	case reflect.Bool:
		var yes bool
		yes, err = strconv.ParseBool(written)
		to.SetBool(yes)
	case reflect.Int32, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(written, 10, to.Type().Bits())
		to.SetInt(n)
	case reflect.Float64:
		var n float64
		n, err = strconv.ParseFloat(written, 64)
		to.SetFloat(n)
	default:
		err = fmt.Errorf("a %s can't be made of %v", to.Type(), from)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// text is a scalar as it is written.
func text(of any) (string, error) {
	switch v := of.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("expected a text, got %v", of)
}

// Put sets a property of a resource, by a path such as "LifecycleHooks.0.RoleArn"; nil takes it away. A path that leads nowhere is
// an error: what is to be changed must be there.
func Put(properties map[string]any, path string, value any) error {
	keys := strings.Split(path, ".")
	var at any = properties
	for i, key := range keys {
		last := i == len(keys)-1
		switch here := at.(type) {
		case map[string]any:
			if _, there := here[key]; !there && (!last || value == nil) {
				return fmt.Errorf("putting %s: there is no %s", path, strings.Join(keys[:i+1], "."))
			}
			switch {
			case last && value == nil:
				delete(here, key)
			case last:
				here[key] = value
			}
			at = here[key]
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= len(here) {
				return fmt.Errorf("putting %s: %s has no item %s", path, strings.Join(keys[:i], "."), key)
			}
			if last {
				here[n] = value
			}
			at = here[n]
		default:
			return fmt.Errorf("putting %s: %s is no mapping and no list", path, strings.Join(keys[:i], "."))
		}
	}
	return nil
}
