package codedeploy

import (
	"slices"
	"time"
)

// revision is an AppSpec that an application knows, because it was registered or deployed.
type revision struct {
	spec                            AppSpec
	description                     string
	registered, firstUsed, lastUsed time.Time
	groups                          []string // to which it was deployed
}

// register adds a revision, or finds the one that is there. As many are remembered as deployments
// that are over, those that were registered or deployed last; the caller holds the service's lock.
func (a *application) register(spec AppSpec, now time.Time, most int) *revision {
	sum := spec.SHA256()
	known := revision{spec: spec, registered: now}
	if i := slices.IndexFunc(a.revisions, func(r revision) bool { return r.spec.SHA256() == sum }); i >= 0 {
		known = a.revisions[i]
		a.revisions = slices.Delete(a.revisions, i, i+1)
	}
	a.revisions = append(a.revisions, known)
	a.revisions = slices.Delete(a.revisions, 0, max(0, len(a.revisions)-most))
	return &a.revisions[len(a.revisions)-1]
}

// use marks a revision as deployed to a group.
func (r *revision) use(group string, now time.Time) {
	if r.firstUsed.IsZero() {
		r.firstUsed = now
	}
	r.lastUsed = now
	if !slices.Contains(r.groups, group) {
		r.groups = append(r.groups, group)
	}
}

type registerRevisionInput struct {
	Application string        `json:"applicationName"`
	Description string        `json:"description"`
	Revision    *wireRevision `json:"revision"`
}

func (s *Service) registerApplicationRevision(in registerRevisionInput) (struct{}, error) {
	spec, err := in.Revision.spec()
	if err != nil {
		return struct{}{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.findApplication(in.Application)
	if err != nil {
		return struct{}{}, err
	}
	a.register(spec, s.config.Clock.Now(), s.config.History).description = in.Description
	return struct{}{}, nil
}

type getRevisionInput struct {
	Application string        `json:"applicationName"`
	Revision    *wireRevision `json:"revision"`
}

type getRevisionOutput struct {
	Application string           `json:"applicationName"`
	Revision    wireRevision     `json:"revision"`
	Info        wireRevisionInfo `json:"revisionInfo"`
}

type wireRevisionInfo struct {
	Description   string   `json:"description,omitempty"`
	Groups        []string `json:"deploymentGroups"`
	RegisterTime  float64  `json:"registerTime"`
	FirstUsedTime float64  `json:"firstUsedTime,omitempty"`
	LastUsedTime  float64  `json:"lastUsedTime,omitempty"`
}

// getApplicationRevision finds the content of an AppSpec by its digest, or by itself.
func (s *Service) getApplicationRevision(in getRevisionInput) (getRevisionOutput, error) {
	asked, err := in.Revision.content()
	if err != nil {
		return getRevisionOutput{}, err
	}
	if asked.SHA256 == "" && asked.Content != "" {
		asked.SHA256 = digest(asked.Content)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.findApplication(in.Application)
	if err != nil {
		return getRevisionOutput{}, err
	}
	r := a.revision(asked.SHA256)
	if r == nil {
		return getRevisionOutput{}, refuse(RevisionDoesNotExist, "Application %s has no revision with the SHA-256 %q.", a.name, asked.SHA256)
	}
	return getRevisionOutput{a.name, r.wire(), r.info()}, nil
}

// revision finds a revision by its digest, nil where there is none.
func (a *application) revision(sum string) *revision {
	for i := range a.revisions {
		if a.revisions[i].spec.SHA256() == sum {
			return &a.revisions[i]
		}
	}
	return nil
}

// wire is the revision with its content.
func (r *revision) wire() wireRevision {
	w := reference(r.spec)
	for _, content := range []*wireContent{w.AppSpecContent, w.String} {
		if content != nil {
			content.Content = r.spec.Content()
		}
	}
	return w
}

func (r *revision) info() wireRevisionInfo {
	return wireRevisionInfo{
		Description: r.description, Groups: append([]string{}, r.groups...), RegisterTime: seconds(r.registered),
		FirstUsedTime: seconds(r.firstUsed), LastUsedTime: seconds(r.lastUsed),
	}
}

// spec reads the AppSpec of a revision.
func (r *wireRevision) spec() (AppSpec, error) {
	content, err := r.content()
	if err != nil {
		return AppSpec{}, err
	}
	spec, err := ParseAppSpec(content.Content)
	if err != nil {
		return AppSpec{}, refuse(InvalidRevision, "%v", err)
	}
	if sum := spec.SHA256(); content.SHA256 != "" && content.SHA256 != sum {
		return AppSpec{}, refuse(InvalidRevision, "The AppSpec's SHA-256 is %s, not %s.", sum, content.SHA256)
	}
	spec.isString = r.RevisionType == typeString
	return spec, nil
}
