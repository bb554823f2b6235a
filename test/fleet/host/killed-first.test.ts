import { isPutRightWhenKilledIn } from '../../support/killed.ts';

isPutRightWhenKilledIn('drain', 'replace');
