/** What an app declares of its container, from wherever it is written. */
import { resolve } from 'node:path';
import { composedService, type ComposedService } from '../compose/service.ts';
import { FileProblem, variablesOf } from '../compose/controller-files.ts';
import type { Variables } from '../compose/env-file.ts';
import { type Lookup, noting } from '../compose/interpolation.ts';
import { nodeOf, placeAt, plainOf, type Place } from '../compose/nodes.ts';
import { type ComposeFiles, ComposeProject } from '../compose/project.ts';
import { Complaints, type DocumentPath } from '../document.ts';
import type { Secrets } from '../../rollout/secret.ts';
import { render, type Scope } from '../template.ts';
import { pathText, problemsOf } from './complaints.ts';
import type { Environment } from './container-leaves.ts';
import { type WholeContainer, wholeContainerSchema } from './container.ts';
import type { EnvFile } from './env-files.ts';
import { hiddenFiles } from './hidden-files.ts';
import type { Problems } from './problems.ts';
import type { WrittenApp } from './schema.ts';
import type { SpecSources } from './spec-of.ts';

export interface Surroundings {
  /** The environment of this process. */
  readonly controller: Environment;
  /** Where the playbook is. */
  readonly folder: string;
  readonly files: ComposeFiles;
  /** Where a value of the playbook is written. */
  readonly placeOf: (path: DocumentPath) => Place;
  /** Gets what is read under the name of a secret. */
  readonly secrets?: Secrets | undefined;
}

export interface DeclaredContainer {
  readonly container: WholeContainer;
  readonly sources: SpecSources;
  /** Where what stands under its `deploy` is written. */
  readonly deployedAt: (path: DocumentPath) => Place;
}

/** An app of the playbook: rendered but for its container. */
export interface AppAt {
  readonly app: WrittenApp;
  /** Its `container` as it is written. */
  readonly written: unknown;
  readonly at: DocumentPath;
  readonly scope: Scope;
}

export class ContainerReader {
  readonly #around: Surroundings;
  readonly #found: Problems;
  readonly #controller: Lookup;

  constructor(around: Surroundings, found: Problems) {
    this.#around = around;
    this.#found = found;
    this.#controller = noting((name) => around.controller[name], around.secrets);
  }

  /** Undefined when anything is wrong with it, which has been told then. */
  read(one: AppAt): DeclaredContainer | undefined {
    return one.app.compose ? this.#composed(one, one.app.compose) : this.#own(one);
  }

  #own({ written, at, scope }: AppAt): DeclaredContainer | undefined {
    const path = [...at, 'container'];
    const container = this.#found.parse(wholeContainerSchema, written, { scope, at: path });
    if (!container) return undefined;
    const lookup = this.#lookupIn(scope, path);
    const fromFiles = this.#fromFiles(container, lookup, (key, message) => {
      this.#found.add({ path: [...path, key], message });
    });
    const deployedAt = (inner: DocumentPath): Place => this.#around.placeOf([...path, 'deploy', ...inner]);
    const sources = fromFiles && { controller: this.#controller, fromFiles };
    return sources && { container, sources, deployedAt };
  }

  #composed({ app, written, at, scope }: AppAt, paths: readonly string[]): DeclaredContainer | undefined {
    const { folder, files, placeOf, secrets } = this.#around;
    const before = this.#found.all.length;
    const path = [...at, 'container'];
    const own = render(written, scope, (inner, message) => {
      this.#found.add({ path: [...path, ...inner], message });
    });
    const project = new ComposeProject({
      paths: paths.map((one) => resolve(folder, one)),
      files,
      vars: this.#varsIn(scope, [...at, 'compose']),
      controller: this.#controller,
      secrets,
    });
    try {
      const override = own === undefined ? undefined : nodeOf(own, (inner) => placeOf([...path, ...inner]));
      const service = composedService(project, { service: app.service ?? '', container: app.name, override });
      return this.#found.all.length > before ? undefined : this.#declared(service, project, { app, at });
    } catch (error) {
      if (!(error instanceof Complaints)) throw error;
      for (const { message, ...place } of error.complaints) this.#found.add({ path: at, place, message });
      return undefined;
    }
  }

  /** What the service says, if it is right. */
  #declared(
    { node, surroundings, files, misshapen }: ComposedService,
    project: ComposeProject,
    { app, at }: Pick<AppAt, 'app' | 'at'>,
  ): DeclaredContainer | undefined {
    const before = this.#found.all.length;
    const complain = (place: Place, message: string): void => {
      this.#found.add({ path: at, place, message });
    };
    const labelOf = (inner: DocumentPath): string => pathText(['services', app.service ?? '', ...inner]);
    const value = plainOf(node);
    const result = wholeContainerSchema.safeParse(value);
    if (!result.success) {
      for (const { path: inner, message, which } of problemsOf(result.error, wholeContainerSchema, value)) {
        complain(placeAt(node, inner, which), `${labelOf(inner)}: ${message}`);
      }
      return undefined;
    }
    for (const { message, ...place } of misshapen) complain(place, message);
    for (const { at: place, message } of hiddenFiles(files ?? [], result.data)) {
      complain(place, `${labelOf([])}.${message}`);
    }
    const fromFiles = this.#fromFiles(result.data, project.lookup, (key, message) => {
      complain(placeAt(node, [key]), `${labelOf([key])}: ${message}`);
    });
    if (!fromFiles || this.#found.all.length > before) return undefined;
    const placed = files?.map(({ file }) => file);
    return {
      container: result.data,
      sources: { controller: project.lookup, fromFiles, surroundings, files: placed },
      deployedAt: (inner) => placeAt(node, ['deploy', ...inner], 'key'),
    };
  }

  #fromFiles(
    { env_file: env, label_file: labels }: WholeContainer,
    lookup: Lookup,
    complain: (key: string, message: string) => void,
  ): SpecSources['fromFiles'] | undefined {
    const read = (key: string, files: readonly EnvFile[] = []): Variables | undefined => {
      try {
        const { folder, secrets } = this.#around;
        return variablesOf(files, { folder, lookup, secrets });
      } catch (error) {
        if (!(error instanceof FileProblem)) throw error;
        complain(key, error.message);
        return undefined;
      }
    };
    const [environment, fromLabels] = [read('env_file', env), read('label_file', labels)];
    return environment && fromLabels && { environment, labels: fromLabels };
  }

  #lookupIn(scope: Scope, at: DocumentPath): Lookup {
    const vars = this.#varsIn(scope, at);
    return (name) => vars(name) ?? this.#controller(name);
  }

  /** The playbook's variables that can stand in a text; what is wrong with one is told at `at`. */
  #varsIn(scope: Scope, at: DocumentPath): Lookup {
    return (name) => {
      if (!scope.has(name)) return undefined;
      const value = render(`{{ ${name} }}`, scope, (_path, message) => {
        this.#found.add({ path: at, message });
      });
      return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
    };
  }
}
