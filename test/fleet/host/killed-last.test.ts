import { isPutRightWhenKilledIn } from '../../support/killed.ts';

isPutRightWhenKilledIn('soak', 'retire');
