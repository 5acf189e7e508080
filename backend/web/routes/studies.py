"""The researcher's studies: a new one from files, one in full."""

from fastapi import APIRouter, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.choices import SplitRule
from backend.domain.declared import digits
from backend.domain.join_problems import in_words
from backend.domain.settings import from_json
from backend.errors import Invalid
from backend.services.money import quotes
from backend.services.studies import batches, exercises, gold, imports, launching, mentions, studies
from backend.web.deps import Id, TheForm, TheHouse, now
from backend.web.forms import fields, launch_form, settings_form
from backend.web.forms.uploads import uploaded, uploaded_one
from backend.web.render import page

router = APIRouter()


@router.get("/studies/new")
def new(request: Request) -> Response:
    """The form that takes files of outputs, of prompts, or of both."""
    return page(request, "studies/new.html", presets=studies.presets(), typed={}, message="")


@router.post("/studies")
def create(
    request: Request,
    house: TheHouse,
    form: TheForm,
) -> Response:
    """A study from uploaded files; on an error nothing is stored and the form says what to mend."""
    try:
        with uploaded(form, house.settings.data_dir) as (sources, prompts):
            settings = studies.preset(fields.text(form, "preset"))
            inspected = imports.inspect(sources, prompts=prompts, baseline=fields.text(form, "baseline") or None)
            with house.database.transaction() as session:
                name = fields.text(form, "name") or imports.name_of(inspected)
                study = imports.store(session, inspected, name=name, settings=settings, now=now())
                mentions.look(session, study)
        return RedirectResponse(f"/studies/{study.id}", 303)
    except Invalid as error:
        return page(
            request,
            "studies/new.html",
            status=422,
            presets=studies.presets(),
            typed={key: value for key, value in form.items() if not isinstance(value, UploadFile)},
            message=str(error),
        )


@router.get("/studies/{study_id}")
def show(request: Request, house: TheHouse, study_id: Id) -> Response:
    """One study: what was imported, what raters would see, its settings, and the launch."""
    with house.database.reading() as session:
        study = studies.get(session, study_id)
        count, shown = mentions.noted(session, study)
        systems = list(batches.systems_of(session, study_id))
        answered = list(studies.answered_systems(session, study_id))
        baseline = study.import_report.get("baseline") or next(iter(answered), "")
        return page(
            request,
            "studies/study.html",
            study=study,
            report=study.import_report,
            in_words=in_words,
            digits=digits,
            split_rules=list(SplitRule),
            settings=(settings := from_json(study.settings)),
            ours=exercises.ours(settings),
            systems=systems,
            answered=answered,
            launch=launch_form.read(session, study, launch_form.looked_at(request.query_params), baseline=baseline),
            paying=launch_form.PAYING,
            samples=studies.samples(session, study_id),
            mention_count=count,
            mentions=shown,
            is_scrubbed=mentions.is_scrubbed(session, study_id),
            estimate=studies.estimate(session, study),
            versions=studies.versions(session, study_id),
            lines=studies.lines(session, study_id),
        )


@router.post("/studies/{study_id}/settings")
def change_settings(house: TheHouse, study_id: Id, form: TheForm) -> Response:
    """Change what the next launch will ask."""
    with uploaded_one(form, "test", house.settings.data_dir) as source:
        test = exercises.read(source, seed=study_id) if source else None
    with house.database.transaction() as session:
        study = studies.get(session, study_id)
        before = from_json(study.settings)
        changed = settings_form.settings(form, before, ours=exercises.ours(before), test=test)
        studies.change_settings(session, study, changed)
    return RedirectResponse(f"/studies/{study_id}#settings", 303)


@router.post("/studies/{study_id}/scrubbing")
def scrub(house: TheHouse, study_id: Id, form: TheForm) -> Response:
    """Take out what gives systems away, or put it back."""
    with house.database.transaction() as session:
        studies.get(session, study_id)
        if fields.text(form, "undo"):
            mentions.unscrub(session, study_id)
        else:
            mentions.scrub(session, study_id)
    return RedirectResponse(f"/studies/{study_id}#identity", 303)


@router.post("/studies/{study_id}/batches")
def launch(house: TheHouse, study_id: Id, form: TheForm) -> Response:
    """Freeze the settings, seat every comparison, open paid channels with a budget that is enough; all or nothing."""
    with uploaded_one(form, "gold", house.settings.data_dir) as source:
        known = gold.read(source) if source else []
    with house.database.transaction() as session:
        batch = launching.launch(
            session,
            studies.get(session, study_id),
            baseline=fields.text(form, "baseline"),
            candidates=fields.texts(form, "candidates"),
            prompts=fields.number(form, "prompts"),
            seed=fields.number(form, "seed") or 0,
            gold=known,
            now=now(),
        )
        quotes.declare(session, batch, launch_form.paid(form), budget=launch_form.budget(form), now=now())
    return RedirectResponse(f"/batches/{batch.id}", 303)
