package elbapi

import (
	"slices"
)

// Limits of tags: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html.
const (
	maxTags      = 50
	maxResources = 20 // in one request
)

// tagsOf reads the tags of a request, which name each key once.
func tagsOf(f form) ([]tag, error) {
	var tags []tag
	for _, member := range f.list("Tags") {
		t := tag{member.text("Key"), member.text("Value")}
		switch {
		case t.Key == "":
			return nil, invalid("a tag needs a key")
		case slices.ContainsFunc(tags, func(other tag) bool { return other.Key == t.Key }):
			return nil, refuse("DuplicateTagKeys", "tag keys must be unique: %q stands there twice", t.Key)
		}
		tags = append(tags, t)
	}
	if len(tags) > maxTags {
		return nil, tooManyTags(len(tags))
	}
	return tags, nil
}

func tooManyTags(n int) error {
	return refuse("TooManyTags", "a resource has up to %d tags, not %d", maxTags, n)
}

// taggable reads the resources of a request, all of which exist.
func (a *API) taggable(f form) ([]string, error) {
	arns := f.texts("ResourceArns")
	if len(arns) == 0 || len(arns) > maxResources {
		return nil, invalid("ResourceArns must be 1 to %d, not %d", maxResources, len(arns))
	}
	for _, arn := range arns {
		if err := a.exists(arn); err != nil {
			return nil, err
		}
	}
	return arns, nil
}

func (a *API) addTags(f form) (any, error) {
	if err := f.needs("Tags"); err != nil {
		return nil, err
	}
	tags, err := tagsOf(f)
	if err != nil {
		return nil, err
	}
	arns, err := a.taggable(f)
	if err != nil {
		return nil, err
	}
	merged := map[string][]tag{}
	for _, arn := range arns {
		merged[arn] = mergeTags(a.recorded(arn).tags, tags)
		if n := len(merged[arn]); n > maxTags {
			return nil, tooManyTags(n)
		}
	}
	for arn, all := range merged {
		a.note(arn, func(r *record) { r.tags = all })
	}
	return emptyResult{}, nil
}

// mergeTags gives keys that are there their new values.
func mergeTags(there, added []tag) []tag {
	merged := slices.Clone(there)
	for _, t := range added {
		if i := slices.IndexFunc(merged, func(other tag) bool { return other.Key == t.Key }); i >= 0 {
			merged[i] = t
			continue
		}
		merged = append(merged, t)
	}
	return merged
}

func (a *API) removeTags(f form) (any, error) {
	if err := f.needs("TagKeys"); err != nil {
		return nil, err
	}
	arns, err := a.taggable(f)
	if err != nil {
		return nil, err
	}
	keys := f.texts("TagKeys")
	for _, arn := range arns {
		a.note(arn, func(r *record) {
			r.tags = slices.DeleteFunc(slices.Clone(r.tags), func(t tag) bool { return slices.Contains(keys, t.Key) })
		})
	}
	return emptyResult{}, nil
}

func (a *API) describeTags(f form) (any, error) {
	arns, err := a.taggable(f)
	var result tagsResult
	for _, arn := range arns {
		result.Descriptions = append(result.Descriptions, tagDescription{arn, a.recorded(arn).tags})
	}
	return result, err
}
